import os
import subprocess
import sys

LOADED = """
import importlib, pkgutil, sys
import labelling.imagery as imagery
for module in pkgutil.walk_packages(imagery.__path__, imagery.__name__ + "."):
    importlib.import_module(module.name)
print(sorted({"django", "torch"} & set(sys.modules)))
"""


def test_rasters_are_read_and_painted_without_django_or_torch():
    bare = {name: value for name, value in os.environ.items() if "DJANGO" not in name}

    loaded = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, env=bare, check=True
    )

    assert loaded.stdout.strip() == "[]"
