"""Train a model again from its card, to see whether the same comes out. Nothing is replaced."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, NotFound
from labelling.models import Snapshot
from labelling.workflow.children import run_child
from labelling.workflow.fetching import snapshot_here

FORMAT = "cloudmask-model/1"
Tick = Callable[[dict[str, Any] | None], None]
Card = dict[str, Any]


@dataclass(frozen=True)
class Rerun:
    """What is to be trained again."""

    card: Card
    snapshot: Snapshot
    init: Path | None
    """Weights that the first fit began from; None: it began from scratch."""

    @property
    def hash(self) -> str:
        return str(self.card["card_sha256"])

    @property
    def threads(self) -> int:
        """The same number of threads gives the same bits."""
        return int(self.card["environment"]["threads"])


def read_card(path: Path) -> Card:
    """Raises BadInput where the file can't be read or is no card of a model."""
    try:
        card = json.loads(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise BadInput(f"{path} can't be read as a card: {problem}.", field="card") from None
    if not isinstance(card, dict):
        raise BadInput(f"{path} is no card of a model.", field="card")
    return card


def plan(card: Card, *, init: Path | None = None) -> Rerun:
    """Look whether everything is there; changes nothing.

    Raises BadInput for a card that lacks something, or weights to begin with that don't go with
    it; NotFound where the snapshot isn't in this installation.
    """
    try:
        known = card["format"] == FORMAT
        digest, began, _ = card["snapshot"]["sha256"], card["run"]["init"], card["config"]
        int(card["environment"]["threads"]), card["weights"]["sha256"], card["card_sha256"]
    except (KeyError, TypeError, ValueError) as problem:
        raise BadInput(f"The card can't be used: it lacks {problem}.", field="card") from None
    if not known:
        raise BadInput(f"The card is {card['format']!r}, not {FORMAT}.", field="card")
    if (began is None) != (init is None):
        said = "from scratch: leave --init out" if began is None else "from weights: --init FILE"
        raise BadInput(f"This model began {said}.", field="init")
    snapshot = Snapshot.objects.filter(hash=digest).first()
    if snapshot is None:
        raise NotFound(
            f"The model learnt from snapshot {digest[:12]}, which isn't here.",
            field="snapshot",
            help="Run it where the snapshot was frozen.",
        )
    return Rerun(card, snapshot, init)


def rerun(wanted: Rerun, *, blobs: Blobs, tick: Tick = lambda progress: None) -> dict[str, Any]:
    """Fit again in a folder that is thrown away; tells what came out beside what the card says.

    {model, same, weights: {was, is}, class_mean_iou: {was, is}, differs: {what: {was, is}}}.
    `same`: the weights are the same to the bit. Raises JobFailed when the fit refuses or dies.
    """
    rooms = settings.WORKBENCH_VAR / "reruns"
    rooms.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rerun-", dir=rooms) as folder:
        again = fitted(wanted, Path(folder), blobs=blobs, tick=tick)
    was, now = wanted.card["weights"]["sha256"], again["weights"]["sha256"]
    return {
        "model": wanted.hash,
        "same": was == now,
        "weights": {"was": was, "is": now},
        "class_mean_iou": {"was": class_mean(wanted.card), "is": class_mean(again)},
        "differs": differences(circumstances(wanted.card), circumstances(again)),
    }


def fitted(wanted: Rerun, room: Path, *, blobs: Blobs, tick: Tick) -> Card:
    """The card of the new fit."""
    config = room / "config.json"
    config.write_text(json.dumps({**wanted.card["config"], "threads": wanted.threads}))
    run_child(
        "training",
        "fit",
        snapshot_here(wanted.snapshot.folder, blobs=blobs),
        room / "out",
        "--config",
        config,
        *(["--init", wanted.init] if wanted.init else []),
        log=room / "fit.log",
        tick=tick,
    )
    card: Card = json.loads((room / "out" / "card.json").read_bytes())
    return card


def class_mean(card: Card) -> float | None:
    found: float | None = (card.get("metrics") or {}).get("class_mean_iou")
    return found


def circumstances(card: Card) -> dict[str, Any]:
    """What weights may depend on besides the settings: code, machine, versions, first weights."""
    run = card["run"]
    return {**card["environment"], "code": run["code"], "init": run["init"]}


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """{what: {was, is}} of what isn't the same."""
    names = sorted(was.keys() | now.keys())
    return {
        name: {"was": was.get(name), "is": now.get(name)}
        for name in names
        if was.get(name) != now.get(name)
    }
