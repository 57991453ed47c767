"""What can be ingested: which form a path has, and what the product there says of itself.

| form | what it is |
|---|---|
| `safe` | a folder with MTD_MSIL1C.xml or MTD_MSIL2A.xml, or named .SAFE; a .zip |
| `stack` | a .tif or .tiff, COG or not |
| `stac` | a .json that is a STAC item |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from labelling.errors import RasterRejected
from labelling.imagery.products.archive import MARKS
from labelling.imagery.products.product import Product
from labelling.imagery.products.safe import inspect_safe
from labelling.imagery.products.stac import inspect_stac
from labelling.imagery.products.stac_item import is_item, local_assets
from labelling.imagery.products.stack import inspect_stack

Reader = Callable[[Path], Product]
READERS: dict[str, Reader] = {"safe": inspect_safe, "stac": inspect_stac}
"""Forms that name their own bands."""
ENDINGS = {".zip": "safe", ".tif": "stack", ".tiff": "stack"}


def recognise(path: Path) -> str | None:
    """The form of what lies at `path`; None for anything else.

    Goes by names and, for .json, by content; what is recognised may still be refused by `inspect`.
    A damaged product is recognised, so that it is refused by name rather than passed over.
    """
    if path.is_dir():
        safe = path.name.upper().endswith(".SAFE") or any((path / m).is_file() for m in MARKS)
        return "safe" if safe else None
    if not path.is_file():
        return None
    if path.suffix.lower() == ".json":
        return "stac" if is_item(path) else None
    return ENDINGS.get(path.suffix.lower())


def products_in(folder: Path) -> list[Path]:
    """What `recognise` knows among the direct entries of a folder, sorted by name.

    Subfolders that are no product aren't looked into: a folder of folders is several calls. A
    raster that a STAC item of the folder names as its asset is part of that item, no stack.
    """
    found = [path for path in sorted(folder.iterdir()) if recognise(path)]
    assets = {
        asset for path in found if path.suffix.lower() == ".json" for asset in local_assets(path)
    }
    return [path for path in found if path.resolve() not in assets]


def inspect(path: Path, *, bands: Sequence[str] | None = None) -> Product:
    """Read what the product at `path` says of itself: headers and metadata, no bands' pixels.

    bands: names for the layers of a stack, in order; other forms have names of their own.
    Raises RasterRejected, naming the product, the file in it, and what is wrong.
    """
    form = recognise(path)
    if form is None:
        raise RasterRejected(
            f"{path.name}: {'no product' if path.exists() else 'no such file or folder'}.",
            field="path",
            help="Give a SAFE folder or zip, a GeoTIFF, or the JSON of a STAC item.",
        )
    if form == "stack":
        return inspect_stack(path, bands=bands)
    if bands is not None:
        raise RasterRejected(
            f"{path.name}: its bands have names; they can't be given others.",
            field="bands",
            help="Leave out --bands, or ingest stacks apart.",
        )
    return READERS[form](path)
