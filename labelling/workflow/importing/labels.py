"""Bring in labelled sets that others drew: their labels, with imagery where it comes along.

Imported labels are told from the team's own by their source, and keep licence, trust, author, and
what it takes to repeat the import. What was imported before is known by its files' bytes, so a
second run reads nothing twice; a changed file makes a newer version beside the old one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.db.models import Exists, OuterRef

from labelling.errors import BadInput, WorkbenchError
from labelling.imagery.labelfile import UNLABELLED, UNSURE, label_rejection
from labelling.imagery.labelsets.labelled import Choices, Item, Labelled, LabelSet, broken
from labelling.imagery.labelsets.painting import check_background
from labelling.imagery.labelsets.sets import is_restricted
from labelling.models import Annotation, ClassSchema
from labelling.workflow.importing.pieces import PICTURE, Desk, pieces_of
from labelling.workflow.importing.report import ImportReport, ItemReport
from labelling.workflow.importing.rows import Facts, Outcome, keep
from labelling.workflow.ingest.rows import schema_of

OURS = ("campaign", "synthetic")
"""Sources that no imported label may take for its own."""
REPLACED = "imported before, and replaced by a later import of its source, which stands"
LONGEST = 80
"""Characters of a source's or a licence's name."""
MEANT = {0: ("clear",), 1: ("cloud",), 2: ("semi", "thin", "cirrus"), 3: ("shadow",)}
"""Words in the name of a campaign's class for the labelled sets' tables to hold in it."""

Progress = Callable[[ItemReport, int, int], None]
"""Called after each label: its report, labels done, labels in all."""


@dataclass(frozen=True)
class Import:
    """One import, as the lead asks for it."""

    labelset: LabelSet
    desk: Desk
    choices: Choices
    source: str = ""
    """Empty: the set's own name."""
    licence: str = ""
    """Empty: the set's."""
    trust: float | None = None
    """0…1 for every label; None: what the set deserves."""
    author: str = ""
    """Of labels whose files name nobody."""
    authors: Mapping[str, str] = field(default_factory=dict)
    """File or image name → author, above what the files say."""

    def __post_init__(self) -> None:
        if self.source.strip().lower() in OURS:
            raise BadInput(
                f"Labels that are imported can't have the source {self.source!r}.", field="source"
            )
        for name, text in (("source", self.source), ("licence", self.licence)):
            if len(text) > LONGEST or not text.isprintable():
                raise BadInput(
                    f"The {name} {text[:LONGEST]!r} is no name of at most {LONGEST} characters.",
                    field=name,
                )
        if self.trust is not None and not 0 <= self.trust <= 1:
            raise BadInput(f"Trust {self.trust:g} is not from 0 to 1.", field="trust")
        if self.labelset.needs_background:
            check_background(self.choices.background)

    @property
    def named(self) -> str:
        return self.source or self.labelset.source

    @property
    def terms(self) -> str:
        return self.licence or self.labelset.licence


def import_all(
    paths: Sequence[Path], job: Import, *, progress: Progress = lambda report, done, total: None
) -> ImportReport:
    """Import every label below `paths`; a refused one is reported by name and the rest goes on.

    Raises BadInput when the campaign has no classes.
    """
    schema = schema_of(job.desk.campaign)
    report = _report(job, schema)
    items = [item for path in paths for item in _items(path, job)]
    known = _known(job, schema)
    digests: dict[Path, str] = {}
    for done, item in enumerate(items, start=1):
        outcome = _import(item, job, schema, known, digests)
        report.items.append(outcome)
        progress(outcome, done, len(items))
    return report


def _report(job: Import, schema: ClassSchema) -> ImportReport:
    names = {str(each["code"]): str(each["name"]) for each in schema.classes}
    return ImportReport(
        campaign=job.desk.campaign.slug,
        source=job.named,
        licence=job.terms,
        restricted=is_restricted(job.terms),
        trust=job.labelset.trust if job.trust is None else job.trust,
        names={**names, str(UNSURE): "unsure", str(UNLABELLED): "not labelled"},
        dry_run=job.desk.dry_run,
    )


def _items(path: Path, job: Import) -> list[Item]:
    """The labels below a path; one that can't be looked into is an item that is refused."""
    try:
        return job.labelset.items(path, job.choices)
    except BadInput as error:
        return [broken(path.name, error)]


def _known(job: Import, schema: ClassSchema) -> dict[str, bool]:
    """{recipe: whether its source has replaced a label of it} of what came in under the schema.
    One query."""
    newer = Annotation.objects.filter(parent=OuterRef("pk"), source=job.named)
    stored = Annotation.objects.filter(schema=schema, source=job.named)
    found = stored.values_list("origin__recipe", Exists(newer))
    return dict(sorted(found, key=lambda each: each[1]))


def _import(
    item: Item,
    job: Import,
    schema: ClassSchema,
    known: Mapping[str, bool],
    digests: dict[Path, str],
) -> ItemReport:
    try:
        recipe = _recipe(item, job, digests)
        if recipe in known:
            return ItemReport(item.name, notes=[REPLACED] if known[recipe] else [])
        return _bring_in(item, item.read(), recipe, job, schema)
    except WorkbenchError as error:
        return _refused(item.name, error)
    except OSError as error:
        reason = f"storage can't be written ({error.strerror or error})"
        return ItemReport(
            item.name, "refused", reason, "storage", "Make room, and import it again."
        )


def _bring_in(
    item: Item, labelled: Labelled, recipe: str, job: Import, schema: ClassSchema
) -> ItemReport:
    _check_classes(item, labelled, schema)
    facts = _facts(item, labelled, recipe, job)
    pieces, tiles = pieces_of(labelled, job.desk)
    outcome = keep(pieces, facts, schema=schema, desk=job.desk)
    return _told(item, labelled, outcome, tiles=tiles, empty=not pieces)


def _told(
    item: Item, labelled: Labelled, outcome: Outcome, *, tiles: int, empty: bool
) -> ItemReport:
    notes = list(labelled.notes)
    if empty:
        notes.append("nothing in it is labelled")
    if outcome.theirs:
        notes.append(f"left to the campaign's people: {', '.join(outcome.theirs)}")
    state = "changed" if outcome.changed else "new"
    return ItemReport(
        name=item.name,
        state=state if outcome.labels or outcome.layers or tiles else "known",
        labels=outcome.labels,
        tiles=tiles,
        layers=outcome.layers,
        pixels=dict(outcome.pixels),
        notes=notes,
    )


def _facts(item: Item, labelled: Labelled, recipe: str, job: Import) -> Facts:
    trust = job.labelset.trust * labelled.trust if job.trust is None else job.trust
    names = (item.name, *(file.name for file in item.files), *(file.stem for file in item.files))
    told = next((job.authors[name] for name in names if name in job.authors), "")
    author = told or labelled.author or job.author
    texts = json.dumps(
        [item.name, author, labelled.target and labelled.target.names, labelled.origin]
    )
    if "\\u0000" in texts:
        raise BadInput(
            f"{item.name!r}: a text of it holds a NUL, which can't be kept.", field="file"
        )
    return Facts(
        source=job.named,
        licence=job.terms,
        trust=trust,
        author=author,
        kind=labelled.kind,
        origin={
            "format": job.labelset.format,
            "file": item.name,
            "table": labelled.table,
            "restricted": is_restricted(job.terms),
            "recipe": recipe,
            **labelled.origin,
        },
    )


def _recipe(item: Item, job: Import, digests: dict[Path, str]) -> str:
    """sha256 of all that decides what an item's label becomes: its files' bytes, and the choices.

    Raises BadInput when a file can't be read.
    """
    for file in item.files:
        if file not in digests:
            digests[file] = _digest(file)
    choices: dict[str, Any] = {**asdict(job.choices), "bands": list(job.choices.bands)}
    parts = [
        job.labelset.format, job.labelset.table.id, item.part,
        [digests[file] for file in item.files], choices,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"{file.name}: can't be read ({error.strerror}).", field="file") from error


def _check_classes(item: Item, labelled: Labelled, schema: ClassSchema) -> None:
    """Raise BadInput unless the campaign has the label's classes, and means the same by them."""
    if reason := label_rejection(labelled.label, schema.codes):
        raise BadInput(
            f"{item.name}: {reason}.",
            field="label",
            help="Give the campaign these classes, or translate them with --class.",
        )
    if labelled.by_campaign:
        return
    for each in schema.classes:
        words = MEANT.get(each["code"], ())
        if words and not any(word in each["name"].lower() for word in words):
            raise BadInput(
                f"{item.name}: code {each['code']} is {words[0]} in labelled sets, but "
                f"{each['name']!r} in campaign {schema.campaign.slug}.",
                field="campaign",
                help="Import into a campaign whose classes are clear, cloud, semi-transparent and "
                "shadow.",
            )


def _refused(name: str, error: WorkbenchError) -> ItemReport:
    reason = str(error)
    for known in (f"{name}: ", f"{Path(name).name}: ", f"{PICTURE}: "):
        reason = reason.removeprefix(known)
    return ItemReport(name, "refused", reason, error.field, error.help)
