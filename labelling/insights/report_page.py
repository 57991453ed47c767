"""The report as one HTML page: no script, nothing fetched from elsewhere, fit for A4."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from labelling.insights import report_charts as charts
from labelling.insights.report import Report, Target
from labelling.insights.report_map import Picture

OWN, PAINTED = "campaign", "synthetic"


def page(report: Report, map: Picture, *, made: datetime) -> str:
    return render_to_string(
        "labelling/report.html",
        {
            "report": report,
            "made": made,
            "target": target_words(report),
            "figures": figures(report, map),
            "classes": class_rows(report),
            "sources": source_rows(report),
            "places": map,
            "unknown": charts.spaced(map.unknown),
            "unsure": charts.spaced(report.unsure_pixels),
            "unlabelled": charts.spaced(report.unlabelled_pixels),
            "label_hours": f"{report.label_seconds / 3600:.1f}",
            "review_hours": f"{report.review_seconds / 3600:.1f}",
            "rounds": measured(report),
            # Drawn by us from numbers and escaped words.
            "map": mark_safe(map.svg),
            "growth": mark_safe(charts.growth(report)),
            "hours": mark_safe(charts.hours(report)),
            "learning": mark_safe(charts.learning(report.rounds)),
        },
    )


def figures(report: Report, map: Picture) -> list[tuple[str, str]]:
    """(number, what it is) of what stands in large print."""
    new = report.tiles - report.tiles_before
    hours = (report.label_seconds + report.review_seconds) / 3600
    return [
        (charts.spaced(report.tiles), f"labelled tiles, {charts.spaced(new)} of them new"),
        (charts.spaced(report.scenes), "scenes"),
        (charts.spaced(map.places), "places"),
        (f"{hours:.1f} h", f"of work by {report.people} people"),
    ]


def target_words(report: Report) -> dict[str, Any] | None:
    """The target in words, with a share for the bar."""
    aim = report.target
    if aim is None:
        return None
    return {
        "state": aim.state(report.span),
        "share": min(100 * aim.share, 100),
        "percent": f"{100 * aim.share:.0f}",
        "labelled": charts.spaced(aim.labelled),
        "tiles": charts.spaced(aim.tiles),
        "by": aim.by,
        "pace": pace_words(aim, report.span.last),
    }


def pace_words(aim: Target, last: date) -> str:
    pace = f"{aim.pace:.1f} new tiles a week in this period"
    if aim.labelled >= aim.tiles:
        return f"{pace}."
    if aim.needed is None:
        return f"{pace}; the day has passed." if aim.by else f"{pace}; no day was set."
    assert aim.by is not None
    return f"{pace}; {(aim.by - last).days} days are left, which takes {aim.needed:.1f} a week."


def class_rows(report: Report) -> list[dict[str, Any]]:
    total = sum(each.pixels for each in report.classes) or 1
    return [
        {
            "name": each.name,
            "colour": each.colour,
            "pixels": charts.spaced(each.pixels),
            "percent": f"{100 * each.pixels / total:.1f}",
            "share": 100 * each.pixels / total,
        }
        for each in report.classes
    ]


def source_rows(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "name": {OWN: "this campaign", PAINTED: "synthetic"}.get(each.name, each.name),
            "tiles": charts.spaced(each.tiles),
            "licence": licence_words(each.name, each.licence),
            "restricted": each.restricted,
        }
        for each in report.sources
    ]


def licence_words(source: str, licence: str) -> str:
    if licence:
        return licence
    return {OWN: "our own labels", PAINTED: "painted, no observation"}.get(source, "not stated")


def measured(report: Report) -> list[dict[str, Any]]:
    """The rounds whose model was measured, the newest twelve."""
    found = [each for each in report.rounds if charts.mean_of(each) is not None]
    return [
        {"n": each.n, "day": each.created, "tiles": charts.spaced(each.labelled_pool),
         "iou": f"{charts.mean_of(each):.3f}"}
        for each in found[-12:]
    ]  # fmt: skip


def facts(report: Report, map: Picture) -> dict[str, Any]:
    """The report as JSON for machines."""
    told = asdict(report)
    told["span"] = {"from": report.span.first.isoformat(), "to": report.span.last.isoformat()}
    told["weeks"] = [{**asdict(each), "first": each.first.isoformat()} for each in report.weeks]
    told["rounds"] = [
        {"n": each.n, "labelled_pool": each.labelled_pool, "class_mean_iou": charts.mean_of(each)}
        for each in report.rounds
    ]
    if report.target:
        told["target"] |= {
            "by": report.target.by.isoformat() if report.target.by else None,
            "state": report.target.state(report.span),
        }
    told["hours"] = {
        "label": round(report.label_seconds / 3600, 3),
        "review": round(report.review_seconds / 3600, 3),
    }
    return {**told, "places": map.places, "places_unknown": map.unknown}
