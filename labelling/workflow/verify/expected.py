"""Which blobs the rows refer to, directly or through a manifest or an index in storage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from django.db.models import Manager, QuerySet

from labelling.adapters.blobs import Blobs
from labelling.adapters.index import NAME, Index
from labelling.enqueue import Job as Jobs
from labelling.errors import BadInput, NotFound
from labelling.models import Annotation, Draft, Job, Layer, Model, Release, Round, Snapshot, Tile
from labelling.workflow.fetching import chips_of
from labelling.workflow.foreseeing import FORESEEN
from labelling.workflow.verify.content import CHANGED
from labelling.workflow.verify.ledger import Expected, Finding
from labelling.workflow.verify.relations import in_chunks, wrong

CHUNK = 2000
"""Rows read at a time."""
EXPORT = Jobs.EXPORT.value
REPORTED = {Jobs.MINE.value: "mining", Jobs.INGEST.value: "ingest"}
"""Kind of a job that leaves a report → what people call it."""
PAPERS = "release.json"
"""File of a release whose hash its row states."""
NONE: Mapping[str, str] = MappingProxyType({})
ADOPTED = {"fit": "model", "judge": "promote", "score": "tiles", "pick": "picked"}
"""Step of a round that leaves a folder → what the round's note on it tells where it did."""


class Gathering:
    """Goes through all rows. What it finds damaged on the way is in `findings`."""

    def __init__(self, blobs: Blobs) -> None:
        self.blobs = blobs
        self.findings: list[Finding] = []
        self.opaque: list[str] = []
        """Beginnings of keys of which nobody can tell what is too much: their list is damaged."""
        self.rounds: set[str] = set()
        """Keys of the rounds there are."""

    def everything(self) -> Iterator[Expected]:
        yield from tiles()
        yield from annotations()
        yield from layers()
        yield from self.snapshots()
        yield from self.models()
        yield from self.of_rounds()
        yield from self.handed_out()
        yield from self.reports()

    def snapshots(self) -> Iterator[Expected]:
        for digest, folder in rows(Snapshot.objects, "hash", "folder"):
            manifest = Expected(f"{folder}/manifest.json", "manifest", f"snapshot {digest[:12]}")
            yield manifest
            content = self.read(manifest)
            if hashlib.sha256(content).hexdigest() == digest:
                samples = json.loads(content)["samples"]
                self.note_unknown(samples, manifest)
                yield from chips(samples, manifest.of)
                continue
            self.opaque.append("chips/")
            if content:
                self.note(manifest, CHANGED)

    def note_unknown(self, samples: list[dict[str, Any]], manifest: Expected) -> None:
        """Labels in a snapshot that the database doesn't have."""
        named = (str(each["annotation"]) for each in samples if each.get("annotation"))
        for chunk in in_chunks(named):
            there = Annotation.objects.filter(uuid__in=chunk).values_list("uuid", flat=True)
            for lost in sorted(set(chunk) - {str(uuid) for uuid in there}):
                self.findings.append(wrong(f"annotation {lost}", f"{manifest.of} has it, no row"))

    def models(self) -> Iterator[Expected]:
        for digest, folder, card in rows(Model.objects, "hash", "folder", "card"):
            of, weights = f"model {digest[:12]}", card["weights"]
            told = Expected(f"{folder}/card.json", "card", of)
            yield told
            content = self.read(told)
            if content and not is_card(content, digest):
                self.note(told, CHANGED)
            facts = {"sha256": weights["sha256"]}
            yield Expected(f"{folder}/{weights['file']}", "weights", of, facts, weights["bytes"])

    def of_rounds(self) -> Iterator[Expected]:
        for slug, n, steps in rows(Round.objects, "campaign__slug", "n", "steps"):
            key, of = f"rounds/{slug}/{n}", f"round {n} of {slug}"
            self.rounds.add(key)
            if "finished" in steps.get("score", {}):
                yield Expected(f"{key}/pool.json", "pool", of)
            for step, note in ADOPTED.items():
                told = steps.get(step, {})
                yield from self.adopted(
                    f"{key}/{step}", of, surely="finished" in told and note in told
                )
            yield from self.adopted(f"{key}/{FORESEEN}", of, surely=False)

    def handed_out(self) -> Iterator[Expected]:
        """The folders of exports and releases."""
        done = Job.objects.filter(kind=EXPORT, state=Job.State.DONE)
        for uuid, result in rows(done, "uuid", "result"):
            yield from self.adopted(result["folder"], f"export {uuid}", surely=True)
        columns = ("campaign__slug", "version", "folder", "sha256")
        for slug, version, folder, sha256 in rows(Release.objects, *columns):
            of = f"release {version} of {slug}"
            yield from self.adopted(folder, of, surely=True, papers={PAPERS: sha256})

    def reports(self) -> Iterator[Expected]:
        """Rankings of doubtful labels, and what workers said of the products they ingested."""
        for kind, what in REPORTED.items():
            done = Job.objects.filter(kind=kind, state=Job.State.DONE)
            for uuid, result in rows(done, "uuid", "result"):
                if key := result.get("report"):
                    yield Expected(key, "report", f"{what} {uuid}")

    def adopted(
        self, key: str, of: str, *, surely: bool, papers: Mapping[str, str] = NONE
    ) -> Iterator[Expected]:
        """An adopted folder; that of a step which isn't finished need not be there.

        `papers`: {file: sha256 that a row states of it}.
        """
        listing = Expected(f"{key}/{NAME}", "index", of)
        index = self.index(key, listing, surely=surely)
        if index is None:
            return
        yield listing
        for name, entry in index.files.items():
            facts = {"sha256": papers.get(name, entry.sha256)}
            yield Expected(index.blob(key, name), "file", of, facts, entry.size)

    def index(self, key: str, listing: Expected, *, surely: bool) -> Index | None:
        try:
            return self.blobs.index(key)
        except NotFound:
            if surely:
                self.opaque.append(f"{key}/")
                self.note(listing, "", problem="missing")
        except BadInput as error:
            self.opaque.append(f"{key}/")
            self.note(listing, str(error))
        return None

    def read(self, each: Expected) -> bytes:
        """Empty where there is nothing, which is then found missing or empty by itself."""
        try:
            return self.blobs.read(each.key)
        except NotFound:
            return b""

    def note(self, each: Expected, why: str, *, problem: str = "damaged") -> None:
        self.findings.append(Finding(problem, each.key, each.what, each.of, why))


def tiles() -> Iterator[Expected]:
    columns = ("uuid", "raster", "sha256", "bands", "thumbnail")
    for uuid, raster, sha256, bands, thumbnail in rows(Tile.objects, *columns):
        of = f"tile {uuid}"
        yield Expected(raster, "raster", of, {"sha256": sha256, "bands": bands})
        if thumbnail:
            yield Expected(thumbnail, "thumbnail", of)


def annotations() -> Iterator[Expected]:
    for uuid, raster, sha256 in rows(Annotation.objects, "uuid", "raster", "sha256"):
        yield Expected(raster, "label", f"annotation {uuid}", {"sha256": sha256})


def layers() -> Iterator[Expected]:
    columns = ("tile__uuid", "source", "version", "raster", "sha256")
    for uuid, source, version, raster, sha256 in rows(Layer.objects, *columns):
        of = f"{source} {version} of tile {uuid}"
        yield Expected(raster, "layer", of, {"sha256": sha256})


def drafts() -> Iterator[Expected]:
    """Not among everything: a draft is replaced every few seconds, and its blob with it."""
    for task, key in rows(Draft.objects, "task__uuid", "label"):
        yield Expected(key, "draft", f"an unfinished label of task {task}")


def chips(samples: list[dict[str, Any]], of: str) -> Iterator[Expected]:
    for sample in samples:
        for chip in chips_of(sample):
            yield Expected(f"chips/{chip}.npy", "chip", of, {"sha256": chip})


def is_card(content: bytes, digest: str) -> bool:
    """Whether this is the card with that hash, and says so itself."""
    try:
        card = json.loads(content)
        stated = card.pop("card_sha256")
    except (ValueError, KeyError, AttributeError, TypeError):
        return False
    return bool(stated == digest == hash_of_card(card))


def hash_of_card(card: dict[str, Any]) -> str:
    """As `training.checkpoint` computes it of all but the hash: sorted JSON without spaces."""
    plain = json.dumps(card, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()


def rows(manager: Manager[Any] | QuerySet[Any], *columns: str) -> Iterator[tuple[Any, ...]]:
    return manager.order_by("pk").values_list(*columns).iterator(chunk_size=CHUNK)
