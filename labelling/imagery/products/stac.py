"""STAC items of local or S3 rasters as products; Sentinel-2's in its own names.

Understood are STAC 1.0 (`eo:bands`, `raster:bands`) and 1.1 (`bands`, `raster:scale`), items of
Earth Search, the Copernicus Data Space and their like.
"""

from __future__ import annotations

from pathlib import Path

from labelling.imagery.products.names import BANDS
from labelling.imagery.products.product import BandSource, MaskSource, Product
from labelling.imagery.products.stac_bands import Layer, band_layers, mask_assets
from labelling.imagery.products.stac_grid import (
    Grid,
    Header,
    common_grid,
    finest,
    read_headers,
)
from labelling.imagery.products.stac_identity import (
    Identity,
    footprint_of,
    identity_of,
    is_sentinel,
    satellite_of,
    sun_of,
    view_of,
)
from labelling.imagery.products.stac_item import Item, for_gdal, read_item
from labelling.imagery.products.stac_radiometry import check_pixels, rule_of
from labelling.imagery.radiometry import RULE

MASK_STEP = 2
"""Pixels of 10 m along one of Sen2Cor's masks."""


def inspect_stac(path: Path) -> Product:
    """Read an item and its assets' headers, and of one band a coarse sample.

    A Sentinel-2 item that names the product it was made from has that product's id and moment, so
    that it is recognised as the same acquisition. Raises RasterRejected, naming the item and what
    is wrong.
    """
    item = read_item(path)
    sentinel = is_sentinel(item)
    layers = band_layers(item, sentinel=sentinel)
    headers = read_headers(item, layers)
    chosen = finest(layers, headers)
    used = {layer.key: headers[layer.key] for layer in chosen}
    grid = common_grid(item, used, sentinel=sentinel)
    identity = identity_of(item)
    bands = [
        _source(item, layer, used[layer.key], grid, sentinel=sentinel, baseline=identity.baseline)
        for layer in (_in_order(chosen) if sentinel else chosen)
    ]
    check_pixels(item, bands)
    return _product(item, identity, grid, bands)


def _product(item: Item, identity: Identity, grid: Grid, bands: list[BandSource]) -> Product:
    return Product(
        path=item.path,
        form="stac",
        product_id=identity.product_id,
        bands=tuple(bands),
        height=grid.height,
        width=grid.width,
        place=grid.place,
        taken=identity.taken,
        satellite=satellite_of(item),
        level=identity.level,
        baseline=identity.baseline,
        orbit=identity.orbit,
        mgrs=identity.mgrs,
        sun=sun_of(item),
        view=view_of(item),
        cloud_cover=item.number("eo:cloud_cover", lowest=0, highest=100),
        footprint=footprint_of(item),
        offset_rule=RULE,
        synthetic=item.properties.get("synthetic") is True,
        masks=tuple(
            MaskSource(source, for_gdal(item, key), step=MASK_STEP)
            for source, key in mask_assets(item)
        ),
    )


def _source(
    item: Item, layer: Layer, header: Header, grid: Grid, *, sentinel: bool, baseline: str
) -> BandSource:
    if layer.layer > header.layers:
        raise item.refused(
            f"asset {layer.key!r} lists {layer.layer} bands, but has {header.layers}",
            field=layer.key,
        )
    rule = rule_of(item, layer, sentinel=sentinel, baseline=baseline)
    return BandSource(
        name=layer.band,
        path=header.path,
        layer=layer.layer,
        step=grid.step(header) or 1,
        offset=rule.offset,
        quantification=rule.quantification,
    )


def _in_order(layers: list[Layer]) -> list[Layer]:
    return sorted(layers, key=lambda layer: BANDS.index(layer.band))
