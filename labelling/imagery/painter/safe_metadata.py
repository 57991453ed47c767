"""The metadata of a painted SAFE product: as in real ones, cut down to what describes the scene."""

from __future__ import annotations

import hashlib
from pathlib import Path

from labelling.imagery.painter.safe_header import SafeHeader
from labelling.imagery.painter.spectra import BANDS

SYNTHETIC = "SYNTHETIC"
"""DATATAKE_TYPE of a painted product; a satellite's is INS-NOBS and the like."""
SPACECRAFT = {"S2A": "Sentinel-2A", "S2B": "Sentinel-2B", "S2C": "Sentinel-2C"}

PRODUCT = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<n1:Level-{level}_User_Product \
xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-{level}.xsd">
  <n1:General_Info>
    <Product_Info>
      <PRODUCT_START_TIME>{taken}</PRODUCT_START_TIME>
      <PRODUCT_STOP_TIME>{taken}</PRODUCT_STOP_TIME>
      <PRODUCT_URI>{name}.SAFE</PRODUCT_URI>
      <PROCESSING_LEVEL>Level-{level}</PROCESSING_LEVEL>
      <PRODUCT_TYPE>S2MSI{level}</PRODUCT_TYPE>
      <PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>
      <GENERATION_TIME>{generated}</GENERATION_TIME>
      <Datatake datatakeIdentifier="{datatake}">
        <SPACECRAFT_NAME>{spacecraft}</SPACECRAFT_NAME>
        <DATATAKE_TYPE>{synthetic}</DATATAKE_TYPE>
        <DATATAKE_SENSING_START>{taken}</DATATAKE_SENSING_START>
        <SENSING_ORBIT_NUMBER>{orbit}</SENSING_ORBIT_NUMBER>
        <SENSING_ORBIT_DIRECTION>DESCENDING</SENSING_ORBIT_DIRECTION>
      </Datatake>
      <Query_Options completeSingleTile="true">
        <PRODUCT_FORMAT>SAFE_COMPACT</PRODUCT_FORMAT>
      </Query_Options>
      <Product_Organisation>
        <Granule_List>
          <Granule granuleIdentifier="{tile}" imageFormat="JPEG2000">
{images}
          </Granule>
        </Granule_List>
      </Product_Organisation>
    </Product_Info>
    <Product_Image_Characteristics>
      <Special_Values>
        <SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT>
        <SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX>
      </Special_Values>
      <Special_Values>
        <SPECIAL_VALUE_TEXT>SATURATED</SPECIAL_VALUE_TEXT>
        <SPECIAL_VALUE_INDEX>65535</SPECIAL_VALUE_INDEX>
      </Special_Values>
{radiometry}
    </Product_Image_Characteristics>
  </n1:General_Info>
  <n1:Geometric_Info>
    <Product_Footprint>
      <Product_Footprint>
        <Global_Footprint>
          <EXT_POS_LIST>{footprint}</EXT_POS_LIST>
        </Global_Footprint>
      </Product_Footprint>
    </Product_Footprint>
  </n1:Geometric_Info>
  <n1:Quality_Indicators_Info>
    <Cloud_Coverage_Assessment>{cloud_cover}</Cloud_Coverage_Assessment>
  </n1:Quality_Indicators_Info>
</n1:Level-{level}_User_Product>
"""
TOA = """      <QUANTIFICATION_VALUE unit="none">10000</QUANTIFICATION_VALUE>"""
BOA = """      <QUANTIFICATION_VALUES_LIST>
        <BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>
        <AOT_QUANTIFICATION_VALUE unit="none">1000.0</AOT_QUANTIFICATION_VALUE>
        <WVP_QUANTIFICATION_VALUE unit="cm">1000.0</WVP_QUANTIFICATION_VALUE>
      </QUANTIFICATION_VALUES_LIST>"""
RADIOMETRY = {
    "L1C": (TOA, "Radiometric_Offset_List", "RADIO_ADD_OFFSET"),
    "L2A": (BOA, "BOA_ADD_OFFSET_VALUES_LIST", "BOA_ADD_OFFSET"),
}
MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1" \
version="esa/safe/sentinel/1.1/sentinel-2/msi/archive_l{level}_user_product">
  <dataObjectSection>
{objects}
  </dataObjectSection>
</xfdu:XFDU>
"""
OBJECT = """    <dataObject ID="{key}">
      <byteStream mimeType="application/octet-stream" size="{size}">
        <fileLocation locatorType="URL" href="./{path}"/>
        <checksum checksumName="MD5">{checksum}</checksum>
      </byteStream>
    </dataObject>"""
NOTE = """SYNTHETIC
The pixels and angles of this product were painted by a program. No satellite took them.
"""


def write_metadata(folder: Path, header: SafeHeader, *, tile: str) -> None:
    """Write the product's XML, its granule's (`tile`), the note and, last, the manifest."""
    (folder / "GRANULE" / header.granule / "MTD_TL.xml").write_text(tile, encoding="utf-8")
    main = folder / f"MTD_MSI{header.level}.xml"
    main.write_text(product_xml(header), encoding="utf-8")
    (folder / SYNTHETIC).write_text(NOTE, encoding="utf-8")
    (folder / "manifest.safe").write_text(_manifest(folder, header), encoding="utf-8")


def product_xml(header: SafeHeader) -> str:
    """MTD_MSIL1C.xml or MTD_MSIL2A.xml."""
    moment = f"{header.taken:%Y%m%dT%H%M%S}"
    images = (f"<IMAGE_FILE>{header.image(b, metres=m)}</IMAGE_FILE>" for b, m in header.images())
    return PRODUCT.format(
        level=header.level.removeprefix("L"),
        name=header.name,
        taken=f"{header.taken:%Y-%m-%dT%H:%M:%S}.024Z",
        generated=f"{header.generated:%Y-%m-%dT%H:%M:%S}.000000Z",
        baseline=header.baseline,
        datatake=f"G{header.satellite}_{moment}_{header.absolute_orbit:06d}_N{header.baseline}",
        spacecraft=SPACECRAFT[header.satellite],
        synthetic=SYNTHETIC,
        orbit=header.orbit,
        tile=tile_id(header),
        images="\n".join(f"            {image}" for image in images),
        radiometry=_radiometry(header),
        footprint=_footprint(header),
        cloud_cover=header.cloud_cover,
    )


def tile_id(header: SafeHeader) -> str:
    return (
        f"{header.satellite}_OPER_MSI_{header.level}_TL_SYN__{header.generated:%Y%m%dT%H%M%S}_"
        f"A{header.absolute_orbit:06d}_T{header.mgrs}_N{header.baseline}"
    )


def _radiometry(header: SafeHeader) -> str:
    """The quantification, and the offset of each of the 13 bands where the baseline has them."""
    quantification, list_name, name = RADIOMETRY[header.level]
    if not header.offset:
        return quantification
    offsets = (
        f'        <{name} band_id="{band}">{header.offset}</{name}>' for band in range(len(BANDS))
    )
    listed = "\n".join(offsets)
    return f"{quantification}\n      <{list_name}>\n{listed}\n      </{list_name}>"


def _footprint(header: SafeHeader) -> str:
    """`latitude longitude` of the corners, closed."""
    side = header.size
    corners = [(0, 0), (0, side), (side, side), (side, 0), (0, 0)]
    points = header.place().project("EPSG:4326", corners)
    return " ".join(f"{latitude:.12f} {longitude:.12f}" for longitude, latitude in points)


def _manifest(folder: Path, header: SafeHeader) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    objects = (
        OBJECT.format(
            key=f"object_{number}",
            path=path.relative_to(folder).as_posix(),
            size=path.stat().st_size,
            checksum=_md5(path),
        )
        for number, path in enumerate(files, start=1)
    )
    level = header.level.removeprefix("L").lower()
    return MANIFEST.format(level=level, objects="\n".join(objects))


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
