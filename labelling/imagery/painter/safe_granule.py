"""MTD_TL.xml of a painted SAFE product: its grid and its angles."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from labelling.imagery.painter.safe_angles import DETECTORS, STEP, Nodes, sun_grids, view_grids
from labelling.imagery.painter.safe_header import SafeHeader
from labelling.imagery.painter.safe_metadata import tile_id
from labelling.imagery.painter.spectra import BANDS

TILE = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<n1:Level-{level}_Tile_ID \
xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/S2_PDI_Level-{level}_Tile_Metadata.xsd">
  <n1:General_Info>
    <TILE_ID metadataLevel="Brief">{tile}</TILE_ID>
    <SENSING_TIME metadataLevel="Standard">{sensed}</SENSING_TIME>
  </n1:General_Info>
  <n1:Geometric_Info>
    <Tile_Geocoding metadataLevel="Brief">
      <HORIZONTAL_CS_NAME>WGS84 / UTM zone {zone}</HORIZONTAL_CS_NAME>
      <HORIZONTAL_CS_CODE>{crs}</HORIZONTAL_CS_CODE>
{sizes}
{positions}
    </Tile_Geocoding>
    <Tile_Angles metadataLevel="Standard">
      <Sun_Angles_Grid>
{sun}
      </Sun_Angles_Grid>
      <Mean_Sun_Angle>
        <ZENITH_ANGLE unit="deg">{zenith}</ZENITH_ANGLE>
        <AZIMUTH_ANGLE unit="deg">{azimuth}</AZIMUTH_ANGLE>
      </Mean_Sun_Angle>
{views}
      <Mean_Viewing_Incidence_Angle_List>
{means}
      </Mean_Viewing_Incidence_Angle_List>
    </Tile_Angles>
  </n1:Geometric_Info>
  <n1:Quality_Indicators_Info metadataLevel="Standard">
    <Image_Content_QI>
      <CLOUDY_PIXEL_PERCENTAGE>{cloud_cover}</CLOUDY_PIXEL_PERCENTAGE>
    </Image_Content_QI>
  </n1:Quality_Indicators_Info>
</n1:Level-{level}_Tile_ID>
"""
SIZE = """      <Size resolution="{metres}">
        <NROWS>{side}</NROWS>
        <NCOLS>{side}</NCOLS>
      </Size>"""
POSITION = """      <Geoposition resolution="{metres}">
        <ULX>{west:.0f}</ULX>
        <ULY>{north:.0f}</ULY>
        <XDIM>{metres}</XDIM>
        <YDIM>-{metres}</YDIM>
      </Geoposition>"""
VIEW = """      <Viewing_Incidence_Angles_Grids bandId="{band}" detectorId="{detector}">
{grids}
      </Viewing_Incidence_Angles_Grids>"""
MEAN = """        <Mean_Viewing_Incidence_Angle bandId="{band}">
          <ZENITH_ANGLE unit="deg">{zenith}</ZENITH_ANGLE>
          <AZIMUTH_ANGLE unit="deg">{azimuth}</AZIMUTH_ANGLE>
        </Mean_Viewing_Incidence_Angle>"""
GRID = """        <{name}>
          <COL_STEP unit="m">{step}</COL_STEP>
          <ROW_STEP unit="m">{step}</ROW_STEP>
          <Values_List>
{rows}
          </Values_List>
        </{name}>"""
RESOLUTIONS = (10, 20, 60)


def tile_xml(header: SafeHeader) -> str:
    """The granule's metadata, real in structure, painted in content."""
    place = header.place()
    west, north = place.at(row=0, column=0)
    return TILE.format(
        level=header.level.removeprefix("L"),
        tile=tile_id(header),
        sensed=f"{header.sensed:%Y-%m-%dT%H:%M:%S}.000000Z",
        zone=f"{header.mgrs[:2]}{'N' if header.mgrs[2] >= 'N' else 'S'}",
        crs=place.crs,
        sizes=_joined(SIZE.format(metres=m, side=10 * header.size // m) for m in RESOLUTIONS),
        positions=_joined(POSITION.format(metres=m, west=west, north=north) for m in RESOLUTIONS),
        sun=_grids(*sun_grids(header)),
        zenith=header.sun.zenith,
        azimuth=header.sun.azimuth,
        views=_joined(_view(header, band) for band in range(len(BANDS))),
        means=_joined(_mean(header, band) for band in range(len(BANDS))),
        cloud_cover=header.cloud_cover,
    )


def _view(header: SafeHeader, band: int) -> str:
    return _joined(
        VIEW.format(
            band=band,
            detector=detector,
            grids=_grids(*view_grids(header, band=band, detector=detector)),
        )
        for detector in DETECTORS
    )


def _mean(header: SafeHeader, band: int) -> str:
    grids = np.array([view_grids(header, band=band, detector=each) for each in DETECTORS])
    zenith, azimuth = (round(float(np.nanmean(grids[:, part])), 9) for part in (0, 1))
    return MEAN.format(band=band, zenith=zenith, azimuth=azimuth)


def _grids(zenith: Nodes, azimuth: Nodes) -> str:
    return f"{_grid('Zenith', zenith)}\n{_grid('Azimuth', azimuth)}"


def _grid(name: str, values: Nodes) -> str:
    rows = (f"<VALUES>{' '.join(_angle(value) for value in row)}</VALUES>" for row in values)
    return GRID.format(name=name, step=STEP, rows=_joined(f"            {row}" for row in rows))


def _angle(value: float) -> str:
    return "NaN" if np.isnan(value) else f"{value:.6g}"


def _joined(parts: Iterable[str]) -> str:
    return "\n".join(parts)
