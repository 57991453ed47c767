"""The one HTML page that carries the front end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie

MANIFEST = Path(".vite", "manifest.json")
ENTRY = "index.html"
"""The front end's entry point, as Vite's manifest names it."""


@dataclass(frozen=True)
class Build:
    """What the page loads, as paths under the static address."""

    script: str
    styles: list[str]
    preloads: list[str]


@never_cache
@login_required
@ensure_csrf_cookie
def shell(request: HttpRequest, **_: Any) -> HttpResponse:
    """The page; which of its screens is shown is up to its script and the address."""
    screen = request.path.strip("/").split("/")[0] or "home"
    try:
        build = current_build(Path(settings.FRONTEND_DIST), screen)
    except (OSError, ValueError, KeyError) as error:
        return render(request, "labelling/unbuilt.html", {"reason": error}, status=503)
    return render(request, "labelling/shell.html", {"build": build})


def current_build(folder: Path, screen: str) -> Build:
    """What the front end was last built to, with what `screen` needs of it: else its script would
    ask for that only once it runs. Raises OSError, ValueError or KeyError: it wasn't."""
    return _read(folder, (folder / MANIFEST).stat().st_mtime_ns, screen)


@lru_cache(maxsize=16)
def _read(folder: Path, modified: int, screen: str) -> Build:
    # Read again when `modified` differs.
    manifest = json.loads((folder / MANIFEST).read_text())
    names = _with_imports(manifest, [ENTRY, *_entry_of(manifest, screen)])
    chunks = [manifest[name] for name in names]
    return Build(
        script=manifest[ENTRY]["file"],
        styles=list(dict.fromkeys(style for chunk in chunks for style in chunk.get("css", []))),
        preloads=[chunk["file"] for chunk in chunks[1:]],
    )


def _entry_of(manifest: dict[str, Any], screen: str) -> list[str]:
    """Of the screen's own chunk, where it has one."""
    name = f"src/pages/{screen}/index.tsx"
    return [name] if name in manifest else []


def _with_imports(manifest: dict[str, Any], entries: list[str]) -> list[str]:
    """The entries and every chunk they can't start without, each once."""
    found = list(entries)
    for name in found:
        found += [each for each in manifest[name].get("imports", []) if each not in found]
    return found
