"""What stands at the front of a release: README, datasheet, licences, how to cite it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labelling.models import Model
from labelling.workflow.export.order import Contents
from labelling.workflow.export.papers import licences
from labelling.workflow.releasing.evidence import Evidence
from labelling.workflow.releasing.licences import Source, named
from labelling.workflow.snapshots.attribution import OWN, PAINTED
from labelling.workflow.snapshots.datasheet_page import datasheet_page


@dataclass(frozen=True)
class Facts:
    """What the papers tell."""

    title: str
    version: str
    created: datetime
    contents: Contents
    forms: Sequence[str]
    with_bands: bool
    model: Model | None
    evidence: Evidence
    sources: Sequence[Source]
    taught: Sequence[Source]
    """Of the labels that the model learnt from, where those are another snapshot's."""
    licence: str
    """That the team gives its own labels; empty: none yet."""
    authors: str
    """Whom to cite."""

    @property
    def private(self) -> list[Source]:
        """What may not be used commercially, of the labels or behind the model."""
        return [each for each in (*self.sources, *self.taught) if not each.terms.commercial]

    @property
    def under_one_licence(self) -> bool:
        """Whether the team's licence is that of all labels, so that it may be cited as such."""
        given = {each.licence for each in self.sources if each.name != PAINTED}
        return bool(self.licence) and given <= {self.licence} and not self.private


def papers(facts: Facts) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each; the same facts give the same bytes."""
    legend, sheet = facts.contents.legend, facts.contents.manifest.get("datasheet")
    if sheet:
        yield "DATASHEET.md", datasheet_page(legend.snapshot, sheet).encode()
    yield "LICENCES.md", terms(facts).encode()
    yield "CITATION.cff", citation(facts).encode()
    yield "README.md", readme(facts).encode()


def terms(facts: Facts) -> str:
    """The licences and attributions of all sources, and what follows for the whole."""
    lines = [licences(facts.contents.manifest).rstrip("\n"), "", "## This release", ""]
    for each in facts.sources:
        under = each.licence or (
            "no observation, painted by the workbench" if each.name == PAINTED else UNDECIDED
        )
        lines.append(f"- {each.name}, {each.tiles} tiles: {under}")
    lines.append("")
    if private := facts.private:
        lines.append(f"Not for commercial use, because of {named(private)}.")
    if alike := [each for each in facts.sources if each.terms.alike]:
        lines.append(f"Changed copies must be given away under the same terms: {named(alike)}.")
    return "\n".join(lines).rstrip("\n") + "\n"


UNDECIDED = "the team has not chosen a licence yet; ask it before you use them"


def citation(facts: Facts) -> str:
    """CITATION.cff 1.2.0; its texts are written as JSON strings, which YAML reads."""
    legend = facts.contents.legend
    painted = " Some or all tiles are synthetic." * legend.synthetic
    told: list[tuple[str, Any]] = [
        ("cff-version", "1.2.0"),
        ("message", "If you use these labels, please cite them as below, and their sources."),
        ("type", "dataset"),
        ("title", facts.title),
        ("version", facts.version),
        ("date-released", f"{facts.created:%Y-%m-%d}"),
        ("abstract", f"{len(facts.contents.samples)} labelled tiles of Sentinel-2.{painted}"),
    ]
    if facts.under_one_licence:
        told.append(("license", facts.licence))
    lines = [f"{name}: {quoted(value)}" for name, value in told]
    lines += ["authors:", f"  - name: {quoted(facts.authors)}"]
    lines += [
        "identifiers:",
        "  - type: other",
        f"    value: {quoted('sha256:' + legend.snapshot)}",
    ]
    lines += ["    description: Content hash of the snapshot"]
    if credits := attributions(facts):
        lines.append("references:")
        for name, credit in credits:
            lines += ["  - type: data", f"    title: {quoted(name)}", "    authors:"]
            lines += [f"      - name: {quoted(name)}", f"    notes: {quoted(credit)}"]
    return "\n".join(lines) + "\n"


def attributions(facts: Facts) -> list[tuple[str, str]]:
    """(source, the words it asks for), once each; our own and painted ones ask for none."""
    sheet = facts.contents.manifest.get("datasheet")
    if not sheet:
        return []
    labels = {
        (each["name"], each["attribution"])
        for each in sheet["sources"]
        if each["name"] not in (OWN, PAINTED)
    }
    imagery = {
        (f"Imagery of {each['satellite']}", each["attribution"])
        for each in sheet["imagery"]
        if not each["synthetic"]
    }
    return sorted(labels | imagery)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def readme(facts: Facts) -> str:
    legend = facts.contents.legend
    counts = f"{len(facts.contents.samples)} labelled tiles"
    painted = " Some or all of them are synthetic: painted, no observation." * legend.synthetic
    lines = [
        f"# {facts.title}, version {facts.version}",
        "",
        f"{counts} of snapshot `{legend.snapshot}`.{painted}",
        "",
        "| | |",
        "|---|---|",
        *(f"| `data/{form}/` | the labels as {form}{imagery(facts)} |" for form in facts.forms),
        "| `snapshot/manifest.json` | the rule, and every tile with the hashes of its chips |",
        *model_lines(facts),
        *(f"| `{name}` | how the model was judged |" for name, _ in facts.evidence.files()),
        "| `DATASHEET.md` | what the labels are, how they came about, known limits |",
        "| `LICENCES.md` | on what terms each source may be used, and whom to name |",
        "| `CITATION.cff` | how to cite |",
        "| `release.json` | every file with its sha256 |",
        "",
        test_line(facts),
    ]
    if private := facts.private:
        lines += ["", f"**Not for commercial use**, because of {named(private)}."]
    return "\n".join(lines) + "\n"


def imagery(facts: Facts) -> str:
    return ", with the bands" if facts.with_bands else ""


def model_lines(facts: Facts) -> list[str]:
    if facts.model is None:
        return []
    return [f"| `model/` | weights and card of model `{facts.model.hash}` |"]


def test_line(facts: Facts) -> str:
    """Whether the frozen test was opened for this very model and snapshot."""
    if facts.model is None:
        return "The release has no model, so the frozen test was not opened for it."
    test = facts.evidence.test
    if test is None:
        return (
            "The frozen test was not opened for this model and snapshot: no figure here comes "
            "from tiles that nobody chose a model by."
        )
    return (
        f"The frozen test was opened for this model on {test.created:%Y-%m-%d} ({test.why}): see "
        "`evaluations/test.json`."
    )
