"""A child process as children.py runs them: greedy, obedient, stubborn, soft, lingering or a
parent, as it is told.

python -m tests.drivers.heavy_child HOW FOLDER
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def tell(event: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


def main(how: str, folder: Path) -> None:
    asked = []
    if how in ("obedient", "stubborn"):
        signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
    ballast = bytearray(os.urandom(1)) * (200 * 2**20) if how == "greedy" else b""
    tell("progress", nice=os.getpriority(os.PRIO_PROCESS, 0), pid=os.getpid(), size=len(ballast))
    if how == "soft":
        os.kill(os.getpid(), signal.SIGTERM)
    if how == "lingering":
        os.close(1)
        time.sleep(90)
    if how == "parent":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(90)"])
        tell("done")
        return
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and (how == "stubborn" or not asked):
        time.sleep(0.02)
    (folder / "kept").write_text("all")
    tell("done")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
