"""`agreement`: how far people agree, and what pre-labels do to their labels."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from labelling.insights.agreement import (
    LARGEST_PAGE,
    AgreementReport,
    Measures,
    PeoplePair,
    agreement,
    people_pairs,
)
from labelling.insights.hints import Estimate, HintReport, hint_report
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.workflow.quality_rules import quality_rules


class Command(WorkbenchCommand):
    help = "Agreement of blind labels by class and by people, and the pull of pre-labels."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--campaign", required=True, metavar="SLUG")
        parser.add_argument("--cursor", help="of the next page of people")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = campaign_named(options["campaign"])
        report = agreement(campaign, together=quality_rules(campaign).together)
        pairs, cursor = people_pairs(campaign, cursor=options["cursor"], limit=LARGEST_PAGE)
        hints = hint_report(campaign)
        lines = [*agreement_lines(report), *map(pair_line, pairs), *hint_lines(hints)]
        if cursor:
            lines.append(f"More people: --cursor '{cursor}'")
        self.say(
            "\n".join(lines),
            as_json=options["json"],
            agreement=asdict(report),
            people=[asdict(pair) for pair in pairs],
            cursor=cursor,
            hints=asdict(hints),
        )


def agreement_lines(report: AgreementReport) -> list[str]:
    if not report.pairs:
        return ["No tile has two blind labels yet."]
    lines = [
        f"{report.pairs} pairs of blind labels on {report.tiles} tiles.",
        f"with borders     {measured(report.whole)}",
        f"without borders  {measured(report.inner)}",
    ]
    if report.together:
        codes = " and ".join(str(code) for code in report.merged)
        lines.append(f"classes {codes} as one  {measured(report.together)}")
    for each in report.classes:
        lines.append(
            f"  {each.name:<18} kappa {number(each.kappa)} ({number(each.kappa_inner)} without "
            f"borders)  alpha {number(each.alpha)} ({number(each.alpha_inner)})"
        )
    return lines


def pair_line(pair: PeoplePair) -> str:
    return (
        f"{' and '.join(pair.people)}: tiles {pair.tiles}, kappa {number(pair.kappa)} "
        f"({number(pair.kappa_inner)} without borders)"
    )


def hint_lines(report: HintReport) -> list[str]:
    lines = [
        f"{name}: labels {arm.labels}, changed {estimated(arm.changed)}, untouched "
        f"{number(arm.untouched)}, agreement {estimated(arm.agreement)}"
        for name, arm in (("with pre-label", report.hinted), ("without", report.plain))
    ]
    return [
        *lines,
        f"Pull of pre-labels: {estimated(report.pull)}; gap in agreement "
        f"{estimated(report.agreement_gap)}.",
    ]


def measured(found: Measures) -> str:
    return (
        f"kappa {number(found.kappa)} {between(found.kappa_interval)}  "
        f"alpha {number(found.alpha)} {between(found.alpha_interval)}  "
        f"same class {number(found.agreed)}"
    )


def estimated(found: Estimate) -> str:
    return f"{number(found.mean)} {between(found.interval)}".strip()


def number(value: float | None) -> str:
    return "?" if value is None else f"{value:.3f}"


def between(found: tuple[float, float] | None) -> str:
    return "" if found is None else f"[{found[0]:.3f}, {found[1]:.3f}]"
