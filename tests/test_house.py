"""The house keeps its own rules."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 300
SOURCES = {
    "labelling": "*.py",
    "al_engine": "*.py",
    "training": "*.py",
    "frontend/src": "*.ts*",
}
MADE_BY_MACHINES = ("migrations/", "schema.d.ts")
ROOMS = {
    "adapters", "api", "compute", "config", "imagery", "insights", "management", "migrations",
    "models", "workflow",
}  # fmt: skip
SERVER_MODULES = "labelling.config.urls, labelling.config.wsgi, labelling.config.celery"


def sources() -> list[Path]:
    found = [path for room, kind in SOURCES.items() for path in (ROOT / room).rglob(kind)]
    return [path for path in found if not any(part in str(path) for part in MADE_BY_MACHINES)]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def commands() -> list[str]:
    return sorted(name for name, app in get_commands().items() if app == "labelling")


def test_no_file_is_longer_than_a_reader_can_hold():
    too_long = {
        str(path.relative_to(ROOT)): lines
        for path in sources()
        if (lines := len(path.read_text().splitlines())) > LONGEST
    }

    assert too_long == {}


def test_every_room_is_on_the_plan():
    rooms = {path.parent.name for path in (ROOT / "labelling").glob("*/__init__.py")}

    assert rooms == ROOMS


@pytest.mark.parametrize("name", commands())
def test_every_command_can_answer_in_json(name):
    parser = load_command_class("labelling", name).create_parser("manage.py", name)

    assert "--json" in parser.format_help()


def test_imports_keep_to_the_borders():
    done = run(sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()")

    assert done.returncode == 0, done.stdout


def test_the_web_process_does_not_load_torch():
    heavy = '("torch", "training", "labelling.compute")'
    script = f"""
import json, sys
import labelling.config.wsgi
import {SERVER_MODULES}
import labelling.tasks
from django.urls import get_resolver
get_resolver().url_patterns
print(json.dumps([name for name in {heavy} if name in sys.modules]))
"""

    done = run(sys.executable, "-c", script)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_every_setting_is_in_the_example():
    settings = (ROOT / "labelling" / "config" / "settings.py").read_text()
    readers = "text|secret|flag|number|whole|words|hosts|site|origins|url|folder|certificates"
    read = set(re.findall(rf'env\.(?:{readers})\(\s*"(\w+)"', settings))
    told = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert read
    assert read <= told


def test_the_example_settings_are_accepted():
    script = 'set -a; . ./.env.example; set +a; exec "$0" manage.py check'

    done = run("bash", "-c", script, sys.executable)

    assert done.returncode == 0, done.stderr


def test_bare_make_lists_the_verbs():
    verbs = set(re.findall(r"^  make ([a-z-]+)", run("make").stdout, re.MULTILINE))

    assert {"demo", "run", "test", "test-services", "browser", "smoke", "check"} <= verbs
    assert {"format", "schema", "shots", "bench", "proof", "reset"} <= verbs
