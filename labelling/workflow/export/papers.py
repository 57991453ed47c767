"""What lies beside the shards: README, datasheet, licences, classes, a table of tiles."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from labelling.imagery.exports.outgoing import Legend, as_json
from labelling.workflow.export.order import Contents, Order
from labelling.workflow.snapshots.attribution import OWN, PAINTED
from labelling.workflow.snapshots.datasheet_page import datasheet_page

TABLE = "tiles.csv"
COLUMNS = (
    "key", "files", "split", "product", "source", "licence", "trust", "synthetic", "label",
)  # fmt: skip
"""`label` is the sha256 of the label's chip in the snapshot."""
HOW = {
    "geotiff": "`<tile>_label.tif` holds class codes with a colour table, `<tile>.tif` the bands. "
    "`manage.py ingest` takes a shard's folder with both as it is.",
    "png": "`<tile>.png` is a palette image: the index of a pixel is its class code. "
    "`<tile>_<band>.png` holds a band in 16 bits.",
    "netcdf": "One file a tile in KappaSet's shape: `Label` in KappaMask's codes (0 unsure, 1 "
    "clear, 2 shadow, 3 semi-transparent, 4 cloud, 5 not labelled), bands as DN / 65535. "
    "`manage.py import_labels --format kappaset` reads them; files that name no product want "
    "`--baseline-offset 0`.",
    "coco": "`annotations.json` has all tiles, each shard's own `annotations.json` its tiles. "
    "A category's id is its class code + 1; what nobody labelled has no annotation.",
    "stac": "Begin at `catalog.json`. Each tile is an item with the label extension.",
}
"""How to read each format."""
UNSTATED = {OWN: "as this campaign's team says", PAINTED: "none needed"}
"""Of labels that nobody else drew."""


def papers(
    order: Order, contents: Contents, traces: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """(name, content in pieces) of each; the same export gives the same bytes."""
    legend, sheet = contents.legend, contents.manifest.get("datasheet")
    yield "classes.json", [classes(legend)]
    yield "LICENCES.md", [licences(contents.manifest).encode()]
    if sheet:
        yield "DATASHEET.md", [datasheet_page(legend.snapshot, sheet).encode()]
    yield "README.md", [readme(order, contents).encode()]
    yield TABLE, table(traces)


def classes(legend: Legend) -> bytes:
    codes = [
        {"code": code, "name": name, "colour": "#{:02x}{:02x}{:02x}".format(*legend.colours[code])}
        for code, name in sorted(legend.names.items())
    ]
    return as_json({"classes": codes})


def licences(manifest: Mapping[str, Any]) -> str:
    """Whose labels and imagery these are, and on what terms."""
    sheet = manifest.get("datasheet") or {"sources": manifest["sources"], "imagery": []}
    lines = ["# Licences and attribution", "", "## Labels", ""]
    for each in sheet["sources"]:
        told = each["licence"] or UNSTATED.get(each["name"], "not stated with the labels")
        credit = f" {each['attribution']}" if "attribution" in each else ""
        lines.append(f"- {each['name']}: licence {told}.{credit}")
    lines += ["", "## Imagery", ""]
    lines += [f"- {each['satellite']}: {each['attribution']}" for each in sheet["imagery"]]
    return "\n".join(lines) + "\n"


def readme(order: Order, contents: Contents) -> str:
    legend = contents.legend
    painted = "Some or all of its tiles are synthetic: painted, no observation." * legend.synthetic
    codes = ", ".join(f"{code} {name}" for code, name in sorted(legend.names.items()))
    planes = ["labels"]
    planes += ["bands"] * order.with_bands + ["provenance"] * order.with_provenance
    lines = [
        f"# Cloud masks of campaign {legend.campaign}",
        "",
        f"{len(contents.samples)} tiles of snapshot `{legend.snapshot}`: {', '.join(planes)}, as "
        f"{order.form.title}. {painted}".rstrip(),
        "",
        HOW[order.form.name],
        "",
        f"Codes: {codes}.",
        "",
        f"`{TABLE}` has a line a tile; `export.json` names every file with its sha256.",
        "`LICENCES.md` says on what terms each source may be used.",
    ]
    return "\n".join(lines) + "\n"


def table(traces: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    yield line(COLUMNS)
    for trace in traces:
        tile, shard = trace["tile"], trace["shard"]
        files = " ".join(f"{shard}/{name}" for name in tile["files"]) or shard
        told = {**tile, "files": files, "synthetic": str(tile["synthetic"]).lower()}
        yield line(told[column] for column in COLUMNS)


def line(values: Iterable[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue().encode()
