"""A child that is asked: it answers, and may be asked to end meanwhile, or die without a word.

python -m tests.drivers.answering interrupted|orphaning
"""

from __future__ import annotations

import json
import subprocess
import sys


def main(how: str) -> None:
    for line in sys.stdin:
        answer = {"event": "done", "of": json.loads(line)["n"]}
        if how == "interrupted":
            error = {"event": "error", "code": "interrupted", "reason": "it was asked to end"}
            sys.stdout.write(f"{json.dumps(answer)}\n{json.dumps(error)}\n")
            return
        subprocess.Popen(["sleep", "90"])  # keeps this process's output open
        sys.exit(3)


main(sys.argv[1])
