"""What licences allow, and whether a snapshot's labels may be given away together.

The labels of a release are changed copies of their sources: classes are translated, tiles cut. So a
licence that forbids changed copies forbids the release; one that forbids commercial use is let in
only on the lead's word. A licence that isn't in the table is asked for, never guessed. Sources: the
licences' own texts, by their SPDX names (spdx.org/licenses).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labelling.errors import BadInput
from labelling.workflow.export.order import licence_of
from labelling.workflow.snapshots.attribution import OWN, PAINTED


@dataclass(frozen=True)
class Terms:
    commercial: bool = True
    changes: bool = True
    alike: bool = False
    """Changed copies must stand under the same licence."""


FREE, ALIKE = Terms(), Terms(alike=True)
PRIVATE, PRIVATE_ALIKE = Terms(commercial=False), Terms(commercial=False, alike=True)
UNCHANGED = Terms(changes=False)
TERMS = {
    "CC0-1.0": FREE, "PUBLIC-DOMAIN": FREE, "PDDL-1.0": FREE, "ODC-BY-1.0": FREE,
    "CC-BY-2.0": FREE, "CC-BY-3.0": FREE, "CC-BY-4.0": FREE, "CDLA-PERMISSIVE-2.0": FREE,
    "ETALAB-2.0": FREE, "APACHE-2.0": FREE, "MIT": FREE, "BSD-3-CLAUSE": FREE,
    "CC-BY-SA-3.0": ALIKE, "CC-BY-SA-4.0": ALIKE, "ODBL-1.0": ALIKE,
    "CC-BY-NC-3.0": PRIVATE, "CC-BY-NC-4.0": PRIVATE,
    "CC-BY-NC-SA-3.0": PRIVATE_ALIKE, "CC-BY-NC-SA-4.0": PRIVATE_ALIKE,
    "CC-BY-ND-3.0": UNCHANGED, "CC-BY-ND-4.0": UNCHANGED,
    "CC-BY-NC-ND-3.0": UNCHANGED, "CC-BY-NC-ND-4.0": UNCHANGED,
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Labels of one source under one licence."""

    name: str
    licence: str
    """Empty: the team's own, or painted."""
    tiles: int
    terms: Terms


def terms_of(licence: str) -> Terms | None:
    """What a licence allows, or several with commas between allow together; None where one of them
    isn't in the table."""
    names = [re.sub(r"[\s_]+", "-", each.strip()).upper() for each in licence.split(",")]
    if not set(names) <= set(TERMS):
        return None
    terms = [TERMS[name] for name in names]
    return Terms(
        commercial=all(each.commercial for each in terms),
        changes=all(each.changes for each in terms),
        alike=any(each.alike for each in terms),
    )


def sources_of(manifest: Mapping[str, Any], *, own: str, told: Mapping[str, str]) -> list[Source]:
    """The sources of a snapshot's labels, by name and licence.

    `own` is the licence that the team gives its labels, empty for none yet; `told` says source →
    licence where the labels don't, and only there. Raises BadInput naming a source whose licence
    isn't known.
    """
    groups = Counter(
        (each["source"], licence_given(each, manifest, own=own, told=told))
        for each in manifest["samples"]
    )
    return [
        Source(name, licence, tiles, checked(name, licence))
        for (name, licence), tiles in sorted(groups.items())
    ]


def licence_given(
    sample: Mapping[str, Any], manifest: Mapping[str, Any], *, own: str, told: Mapping[str, str]
) -> str:
    if sample["source"] == OWN:
        return own
    stated = licence_of(sample, manifest)
    return stated if terms_of(stated) else told.get(sample["source"]) or stated


def check_told(told: Mapping[str, str], sources: Sequence[Source]) -> None:
    """Raises BadInput for a licence told of a source that isn't there, or that states its own."""
    for name, licence in sorted(told.items()):
        given = sorted({each.licence for each in sources if each.name == name})
        if not given:
            raise BadInput(f"The snapshot has no labels of {name}.", field="source_licence")
        if name == OWN:
            raise BadInput(
                "The team's own labels are no source.",
                field="source_licence",
                help="Give them a licence by --licence.",
            )
        if licence not in given:
            raise BadInput(
                f"The labels of {name} state their licence: {', '.join(given)}.",
                field="source_licence",
                help="Leave --source-licence out: it is for labels that state none.",
            )


def checked(name: str, licence: str) -> Terms:
    """The terms of a source. Raises BadInput where nobody knows them."""
    if licence == "" and name in (OWN, PAINTED):
        return FREE
    terms = terms_of(licence)
    if terms is None:
        raise BadInput(
            f"The licence of {name} is {licence or 'not stated'}: whether its labels may be given "
            "away isn't known.",
            field="source_licence",
            help=f"Say --source-licence {name}=CC-BY-4.0 (or what it is), or freeze a snapshot "
            "without that source.",
        )
    return terms


def check_release(sources: Sequence[Source], *, allow_non_commercial: bool) -> None:
    """Raises BadInput naming the sources that may not be given away so."""
    if fixed := [each for each in sources if not each.terms.changes]:
        raise BadInput(
            f"{named(fixed)}: no changed copies may be given away, and labels in our classes are.",
            field="snapshot",
            help="Freeze a snapshot without them: `snapshot create --sources …`.",
        )
    check_commercial(sources, allow_non_commercial=allow_non_commercial)


def check_commercial(sources: Sequence[Source], *, allow_non_commercial: bool) -> None:
    """Raises BadInput naming the sources that forbid commercial use, unless the lead lets them."""
    private = [each for each in sources if not each.terms.commercial]
    if private and not allow_non_commercial:
        raise BadInput(
            f"{named(private)}: not for commercial use.",
            field="allow_non_commercial",
            help="Say --allow-non-commercial and the whole release says so, or freeze a snapshot "
            "without them: `snapshot create --unrestricted …`.",
        )


def named(sources: Sequence[Source]) -> str:
    return ", ".join(f"{each.name} ({each.licence}, {each.tiles} tiles)" for each in sources)
