"""What our own code never does with what comes from outside. The linter knows most of it (rules S
in pyproject.toml); here is what it doesn't."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labelling.config import celery_app

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("labelling", "al_engine", "training", "benchmarks")
XML = ("xml.dom", "xml.parsers", "xml.etree.cElementTree", "lxml")
ONLY_NAMES = {
    "xml.etree.ElementTree": {"Element", "ParseError"},
    "xml.sax.saxutils": {"escape", "quoteattr"},
}
"""Types, an exception and escaping: nothing that parses."""
LOADERS = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}


def faults(source: str) -> Iterator[str]:
    """What a reader of a file's text would object to."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if bare(each.name))
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from imported(node)
        elif isinstance(node, ast.Call):
            yield from called(node)


def bare(module: str) -> bool:
    return module.split(".")[0] == "xml" or module.startswith(XML)


def imported(node: ast.ImportFrom) -> Iterator[str]:
    module, names = str(node.module), {each.name for each in node.names}
    if module.split(".")[0] in LOADERS:
        yield module
    if bare(module) and not names <= ONLY_NAMES.get(module, set()):
        yield module


def called(node: ast.Call) -> Iterator[str]:
    words = {each.arg: ast.unparse(each.value) for each in node.keywords}
    name = ast.unparse(node.func)
    if words.get("allow_pickle") == "True":
        yield f"{name}(allow_pickle=True)"
    if name == "torch.load" and words.get("weights_only") != "True":
        yield "torch.load without weights_only=True"
    if name.split(".")[0] in LOADERS and name.split(".")[-1] in ("load", "loads", "open"):
        yield name


def test_nothing_from_outside_is_unpickled_run_or_parsed_by_a_parser_that_follows_orders():
    found = {
        f"{path.relative_to(ROOT)}: {fault}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for fault in faults(path.read_text())
    }

    assert found == set()


@pytest.mark.parametrize(
    "line",
    [
        "import torch; torch.load('a')",
        "import torch; torch.load('a', weights_only=False)",
        "import numpy; numpy.load('a', allow_pickle=True)",
        "import xml.etree.ElementTree as tree",
        "from xml.etree.ElementTree import fromstring",
        "from xml.dom import minidom",
        "import lxml.etree",
        "from pickle import loads",
        "import pickle; pickle.loads(b'')",
    ],
)
def test_the_search_finds_what_is_planted(line):
    assert list(faults(line))


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("eval(input())", "S307"),
        ("exec(input())", "S102"),
        ("import pickle\n\npickle.loads(b'')", "S301"),
        ("import yaml\n\nyaml.load('a')", "S506"),
        ("import subprocess\n\nsubprocess.run('ls', shell=True)", "S602"),
    ],
)
def test_the_linter_finds_what_is_planted(line, rule):
    words = [sys.executable, "-m", "ruff", "check", "--stdin-filename", "labelling/planted.py", "-"]
    done = subprocess.run(words, input=line, cwd=ROOT, capture_output=True, text=True, check=False)

    assert rule in done.stdout


def test_workers_take_json_and_nothing_else():
    assert celery_app.conf.accept_content == ["json"]
    assert celery_app.conf.task_serializer == "json"
    assert celery_app.conf.result_accept_content in (None, ["json"])
