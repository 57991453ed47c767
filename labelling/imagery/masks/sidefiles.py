"""Masks that lie beside a product: found by patterns, one list for the usual names."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from labelling.errors import BadInput, RasterRejected
from labelling.imagery.files import opened
from labelling.imagery.masks.reading import MaskFile
from labelling.imagery.masks.sources import SOURCES, Source, source_named
from labelling.imagery.products.find import products_in, recognise
from labelling.imagery.products.product import MaskSource, Product

ENDING = re.compile(r"\.(safe|zip|tiff?|json)$", re.IGNORECASE)
BLANK = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Pattern:
    """Where the masks of one kind lie."""

    source: Source
    glob: str
    """As a shell's pattern, from the product's own folder or absolute. Blanks are filled in:
    `{name}` of the product's file or folder, `{stem}` without its ending, `{root}` that without
    its last `_part`, `{date}` (YYYYMMDD) and `{mgrs}` where the product knows them."""
    band: int = 1


def _usual(source: str, *globs: str) -> list[Pattern]:
    return [Pattern(source_named(source), each) for each in globs]


USUAL: tuple[Pattern, ...] = (
    *_usual("scl", "{stem}_SCL.tif", "{stem}_SCL_20m.jp2", "T{mgrs}_{date}T*_SCL_20m.jp2"),
    *_usual("s2cloudless", "{stem}_s2cloudless.tif", "{stem}_CLP.tif"),
    *_usual("csmask", "{stem}_csmask.tif"),
    *_usual(
        "fmask",
        "{stem}_[Ff]mask*.tif",
        "L1C_T{mgrs}_A*_{date}T*_Fmask4*.tif",
        "{name}/GRANULE/*/FMASK_DATA/*_Fmask4*.tif",
    ),
    *_usual(
        "maja",
        "{stem}_CLM_R1.tif",
        "SENTINEL2?_{date}-*_L2A_T{mgrs}_*_CLM_R1.tif",
        "SENTINEL2?_{date}-*_L2A_T{mgrs}_*/MASKS/*_CLM_R1.tif",
    ),
    *_usual("dl_l8s2_uv", "{stem}_dl_l8s2_uv.tif", "{name}/cmixuvclouds_*.tif"),
    *_usual(
        "kappamask", "{stem}_KZ_10m.tif", "L??_T{mgrs}_{date}T*_KZ_10m.tif", "{stem}_kappamask.tif"
    ),
    *_usual("omnicloudmask", "{stem}_OCM*.tif", "{stem}_omnicloudmask.tif"),
)
"""Names that the maskers themselves give, and `<product>_<masker>.tif`."""


def pattern_named(text: str) -> Pattern:
    """A pattern from `source=glob` or `source:band=glob`. Raises BadInput."""
    found = re.fullmatch(r"(\w+)(?::([1-9]\d*))?=(.+)", text)
    if not found:
        raise BadInput(
            f"--mask wants source=pattern or source:band=pattern, not {text!r}.",
            field="mask",
            help="For example: --mask scl:1='{stem}_SCL_CLP_CLD.tif'.",
        )
    if unknown := sorted(set(BLANK.findall(found[3])) - set(BLANKS)):
        raise BadInput(
            f"--mask {text}: there is no blank {', '.join(unknown)}.",
            field="mask",
            help=f"There are: {', '.join(BLANKS)}.",
        )
    return Pattern(source_named(found[1]), found[3], int(found[2] or 1))


def products_in_sight(paths: Iterable[Path]) -> list[Path]:
    """The products that `paths` name: each itself, or those in a folder of products.

    Files of a folder that hold nothing but 8-bit bands are masks or labels and passed over. A path
    that is no product stays in the list, to be refused by name.
    """
    seen: list[Path] = []
    for path in paths:
        inside = path.is_dir() and not recognise(path)
        found = [each for each in products_in(path) if not is_octets(each)] if inside else []
        seen += found or [path]
    return seen


def is_octets(path: Path) -> bool:
    """Whether a file is a GeoTIFF of 8-bit bands: a mask, label or probability, no product."""
    if recognise(path) != "stack":
        return False
    try:
        with opened(path) as dataset:
            return set(dataset.dtypes) == {"uint8"}
    except RasterRejected:
        return False


def masks_of(product: Product, own: Sequence[Pattern] = ()) -> Iterator[MaskFile | BadInput]:
    """The masks inside and beside a product; a refusal stands in the place of its mask.

    What `own` patterns name goes before what the product holds, and that before the usual names.
    """
    chosen = {pattern.source.layer for pattern in own}
    for patterns in by_kind(own):
        yield from _told(partial(side_file, product, patterns))
    for mask in product.masks:
        inside = list(_told(partial(_inside, mask)))
        layers = {each.source.layer for each in inside if isinstance(each, MaskFile)}
        if not layers & chosen:
            yield from inside
    chosen |= {SOURCES[mask.source].layer for mask in product.masks if mask.source in SOURCES}
    for patterns in by_kind(USUAL):
        if patterns[0].source.layer not in chosen:
            yield from _told(partial(_usual_file, product, patterns))


def _usual_file(product: Product, patterns: Sequence[Pattern]) -> MaskFile | None:
    found = side_file(product, patterns)
    return found and replace(found, guessed=True)


def _inside(mask: MaskSource) -> MaskFile:
    return MaskFile(source_named(mask.source), mask.path)


def _told(find: Callable[[], MaskFile | None]) -> Iterator[MaskFile | BadInput]:
    try:
        found = find()
    except BadInput as refusal:
        yield refusal
        return
    if found:
        yield found


def by_kind(patterns: Sequence[Pattern]) -> list[list[Pattern]]:
    """Patterns of one source and band together, in the order that they come first."""
    kinds: dict[tuple[str, int], list[Pattern]] = {}
    for pattern in patterns:
        kinds.setdefault((pattern.source.name, pattern.band), []).append(pattern)
    return list(kinds.values())


def side_file(product: Product, patterns: Sequence[Pattern]) -> MaskFile | None:
    """The mask of one kind beside a product, if there is one.

    Raises BadInput when several files claim to be it.
    """
    found = sorted({path for pattern in patterns for path in _matches(product, pattern)})
    if len(found) > 1:
        raise BadInput(
            f"{' and '.join(path.name for path in found[:3])} could each be the "
            f"{patterns[0].source.name} of {product.name}.",
            field="mask",
            help="Say which one with --mask source=pattern.",
        )
    return MaskFile(patterns[0].source, str(found[0]), patterns[0].band) if found else None


BLANKS = ("name", "stem", "root", "date", "mgrs")


def _matches(product: Product, pattern: Pattern) -> list[Path]:
    stem = ENDING.sub("", product.name)
    fill = {
        "name": product.name,
        "stem": stem,
        "root": stem.rpartition("_")[0],
        "date": f"{product.taken:%Y%m%d}" if product.taken else "",
        "mgrs": product.mgrs,
    }
    if not all(fill[blank] for blank in BLANK.findall(pattern.glob)):
        return []
    filled = BLANK.sub(lambda blank: glob.escape(fill[blank[1]]), pattern.glob)
    folder = product.path.absolute().parent
    if Path(filled).is_absolute():
        folder, filled = Path(folder.anchor), filled.removeprefix(folder.anchor)
    return [path for path in folder.glob(filled) if path.is_file()]
