"""Releases: a snapshot, a model, their evaluations and papers, bundled once and never changed.

The bundle is made in a workplace, adopted into storage under the hash of its list, then noted as a
row. Its bytes follow from what went in and from the day of the release alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from labelling.adapters.beside import sha256_of
from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, Conflict, NotFound
from labelling.imagery.exports.outgoing import as_json
from labelling.models import Campaign, Event, Model, Release, Snapshot, record
from labelling.workflow.export.folder import Files, writing
from labelling.workflow.export.order import Contents, Order, contents_of
from labelling.workflow.export.run import export, nothing
from labelling.workflow.fetching import MODEL_FILES
from labelling.workflow.releasing.copying import LIST, put
from labelling.workflow.releasing.evidence import Evidence, evidence_of
from labelling.workflow.releasing.licences import (
    Source,
    check_commercial,
    check_release,
    check_told,
    sources_of,
)
from labelling.workflow.releasing.papers import Facts, papers

if TYPE_CHECKING:
    from django.contrib.auth.models import User

FORMAT = "cloudmask-release/1"
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,39}", re.ASCII)


@dataclass(frozen=True)
class Wanted:
    """What a lead asks to be released."""

    campaign: Campaign
    version: str
    snapshot: Snapshot
    model: Model | None = None
    forms: Sequence[str] = ("geotiff",)
    with_bands: bool = False
    licence: str = ""
    """That the team gives its own labels; empty: none yet."""
    source_licences: Mapping[str, str] = field(default_factory=dict)
    """Source → licence, where the labels don't say."""
    authors: str = ""
    """Whom to cite; empty: the campaign's team."""
    allow_non_commercial: bool = False


@dataclass(frozen=True)
class Checked:
    """A release that may be made."""

    wanted: Wanted
    contents: Contents
    orders: list[Order]
    sources: list[Source]
    taught: list[Source]
    """Behind the model, where it learnt from another snapshot."""
    evidence: Evidence
    created: datetime

    @property
    def digest(self) -> str:
        """Of what goes in: names the workplace, so that an interrupted release goes on there."""
        told = [each.as_json() for each in self.orders]
        papers = {name: content.decode() for name, content in papers_of(self)}
        content = json.dumps([told, papers, self.wanted.version], sort_keys=True).encode()
        return hashlib.sha256(content).hexdigest()


def check(wanted: Wanted, *, blobs: Blobs, now: datetime) -> Checked:
    """Whether it may be released. Changes nothing.

    Raises Conflict for a version that exists; BadInput for a bad version, a snapshot or model of
    another campaign, labels that may not be given away, and what a format can't hold.
    """
    check_version(wanted)
    for name, row in (("snapshot", wanted.snapshot), ("model", wanted.model)):
        if row is not None and row.campaign_id != wanted.campaign.pk:
            raise BadInput(f"{row} is no {name} of {wanted.campaign.slug}.", field=name)
    contents = contents_of(wanted.snapshot, blobs=blobs)
    sources = sources_of(contents.manifest, own=wanted.licence, told=wanted.source_licences)
    check_release(sources, allow_non_commercial=wanted.allow_non_commercial)
    taught = taught_by(wanted, blobs=blobs)
    check_told(wanted.source_licences, [*sources, *taught])
    check_commercial(taught, allow_non_commercial=wanted.allow_non_commercial)
    orders = [
        Order.of(wanted.snapshot, form=form, with_bands=wanted.with_bands)
        for form in dict.fromkeys(wanted.forms)
    ]
    for order in orders:
        order.form.check(contents.legend, with_bands=order.with_bands)
    evidence = evidence_of(wanted.snapshot, wanted.model, before=now)
    return Checked(wanted, contents, orders, sources, taught, evidence, now)


def taught_by(wanted: Wanted, *, blobs: Blobs) -> list[Source]:
    """The sources of the labels that the model learnt from, if those aren't the ones released."""
    snapshot = wanted.model.snapshot if wanted.model else None
    if snapshot is None or snapshot == wanted.snapshot:
        return []
    manifest = contents_of(snapshot, blobs=blobs).manifest
    return sources_of(manifest, own=wanted.licence, told=wanted.source_licences)


def check_version(wanted: Wanted) -> None:
    if not VERSION.fullmatch(wanted.version) or wanted.version.endswith("."):
        raise BadInput(
            f"{wanted.version!r} can't be a version.",
            field="version",
            help="Up to 40 letters, digits, dots, dashes and underscores, such as 1.0.",
        )
    if Release.objects.filter(campaign=wanted.campaign, version=wanted.version).exists():
        raise version_taken(wanted)


def version_taken(wanted: Wanted) -> Conflict:
    return Conflict(
        f"Version {wanted.version} of {wanted.campaign.slug} is released already.",
        field="version",
        help="Releases never change: choose the next version. `release copy` writes it out again.",
    )


def create_release(
    wanted: Wanted,
    *,
    blobs: Blobs,
    by: User | None,
    now: datetime,
    tell: Callable[[int], None] = nothing,
) -> Release:
    """Bundle, store and note a release; `tell(n)` is called after each `n` tiles more.

    Raises as `check`, and what `export` raises.
    """
    ready = check(wanted, blobs=blobs, now=now)
    place = blobs.workplace(
        f"releases/{wanted.campaign.slug}/{wanted.version}-{ready.digest[:12]}.work"
    )
    digest = bundle(ready, place, blobs=blobs, tell=tell)
    key = f"releases/{wanted.campaign.slug}/{wanted.version}-{digest[:12]}"
    blobs.adopt(place, key)
    try:
        with transaction.atomic():
            made = Release.objects.create(
                campaign=wanted.campaign, version=wanted.version, snapshot=wanted.snapshot,
                model=wanted.model, folder=key, sha256=digest, who=by, created=now,
            )  # fmt: skip
            record(
                Event.Verb.CREATED, made, campaign=wanted.campaign, who=by, now=now, after=digest,
                version=wanted.version, snapshot=wanted.snapshot.hash,
                non_commercial=wanted.allow_non_commercial,
            )  # fmt: skip
    except IntegrityError:
        raise version_taken(wanted) from None
    return made


def bundle(
    ready: Checked, place: Path, *, blobs: Blobs, tell: Callable[[int], None] = nothing
) -> str:
    """Fill the folder `place`, its list last; the sha256 of that list.

    What an interrupted try left there is gone on with.
    """
    files: Files = {}
    for order in ready.orders:
        name = f"data/{order.form.name}"
        export(order, place / name, blobs=blobs, tell=tell)
        files |= listed(place, name)
    with writing(place):
        for name, source in fetched(ready, blobs):
            files[name] = put(place / name, source)
        for name, content in written(ready):
            files[name] = put(place / name, content)
        told = {
            "format": FORMAT,
            "campaign": ready.wanted.campaign.slug,
            "version": ready.wanted.version,
            "snapshot": ready.wanted.snapshot.hash,
            "model": ready.wanted.model.hash if ready.wanted.model else None,
            "files": dict(sorted(files.items())),
        }
        return str(put(place / LIST, as_json(told))["sha256"])


def listed(place: Path, name: str) -> Files:
    """The files of a finished export below the bundle, its own list among them."""
    path = place / name / "export.json"
    inner = json.loads(path.read_bytes())["files"]
    itself = {"sha256": sha256_of(path), "bytes": path.stat().st_size}
    return {f"{name}/{file}": told for file, told in {**inner, "export.json": itself}.items()}


def fetched(ready: Checked, blobs: Blobs) -> Iterator[tuple[str, Path]]:
    """(name, file on this machine) of what is taken from storage as it is."""
    snapshot, model = ready.wanted.snapshot, ready.wanted.model
    yield "snapshot/manifest.json", blobs.local(f"{snapshot.folder}/manifest.json")
    if model is not None:
        for file in MODEL_FILES:
            yield f"model/{file}", model_file(model, file, blobs)


def model_file(model: Model, file: str, blobs: Blobs) -> Path:
    try:
        path = blobs.local(f"{model.folder}/{file}")
    except NotFound as lost:
        raise NotFound(
            f"Storage has lost {file} of model {model}.",
            field="model",
            help=f"Bring {model.folder}/{file} back from a backup; `verify` names what is missing.",
        ) from lost
    weights = model.card.get("weights", {})
    if file == weights.get("file") and sha256_of(path) != weights["sha256"]:
        raise BadInput(
            f"The weights of model {model} aren't those that its card names.",
            field="model",
            help=f"Bring {model.folder}/{file} back from a backup.",
        )
    return path


def written(ready: Checked) -> Iterator[tuple[str, bytes]]:
    for name, told in ready.evidence.files():
        yield name, as_json(told)
    yield from papers_of(ready)


def papers_of(ready: Checked) -> Iterator[tuple[str, bytes]]:
    wanted = ready.wanted
    return papers(
        Facts(
            title=f"{wanted.campaign.name}: labelled cloud masks",
            version=wanted.version,
            created=ready.created,
            contents=ready.contents,
            forms=[each.form.name for each in ready.orders],
            with_bands=wanted.with_bands,
            model=wanted.model,
            evidence=ready.evidence,
            sources=ready.sources,
            taught=ready.taught,
            licence=wanted.licence,
            authors=wanted.authors or f"The labelling team of {wanted.campaign.name}",
        )
    )
