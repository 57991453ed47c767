"""Files of other programs, damaged anywhere: they are read, or refused by their name."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from labelling.errors import RasterRejected
from labelling.imagery.labelsets.cvat_xml import items
from labelling.imagery.labelsets.labelled import Choices
from labelling.imagery.products.stack import inspect_stack
from labelling.imagery.tilefile import read_label, read_tile, write_label, write_tile
from tests.labelling.faults.test_parsers import tried

few = settings(max_examples=120, deadline=None, derandomize=True, database=None)
CHOICES = Choices(background="unlabelled", campaign={"clear": 0, "cloud": 1})
SIDE = 8
NUMBERS = st.one_of(
    st.sampled_from(["", "0", "1", "8", "-1", "1e999", "nan", "²", "1_0", "9" * 400, "1e-320"]),
    st.floats().map(str),
    st.text(max_size=4),
)
SHAPES = {
    "polygon": {"points": "0,0;4,0;4,4"},
    "box": {"xtl": "0", "ytl": "0", "xbr": "4", "ybr": "4"},
    "ellipse": {"cx": "4", "cy": "4", "rx": "2", "ry": "2"},
    "mask": {"rle": "0,4", "left": "1", "top": "1", "width": "2", "height": "2"},
}
"""A shape of each kind, as it should be."""
POINTS = st.lists(NUMBERS, max_size=8).map(";".join) | st.lists(NUMBERS, max_size=6).map(",".join)


@st.composite
def documents(draw: Any) -> str:
    """A file of one image with one shape; one attribute or the other isn't what it should be."""
    kind = draw(st.sampled_from(sorted(SHAPES)))
    said = {"label": "cloud", "z_order": "0", **SHAPES[kind]}
    image = {"name": "a", "id": "0", "width": str(SIDE), "height": str(SIDE)}
    for attributes in (said, image):
        for name in draw(st.lists(st.sampled_from(sorted(attributes)), max_size=2)):
            attributes[name] = draw(POINTS if name in ("points", "rle") else NUMBERS)
    return f"<annotations><image {_words(image)}><{kind} {_words(said)}/></image></annotations>"


def _words(attributes: dict[str, str]) -> str:
    kept = {
        name: "".join(sign for sign in value if sign.isprintable())
        for name, value in attributes.items()
    }
    return " ".join(
        f"{name}='{value.translate(str.maketrans(MARKS))}'" for name, value in kept.items()
    )


MARKS = {"&": "&amp;", "<": "&lt;", "'": "&apos;"}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("files")


@few
@given(text=documents() | st.binary(max_size=60) | documents().map(lambda text: text[:-20]))
@example(text=b"")
@example(text=b"PK\x03\x04")
@example(text="<annotations><image width='9' height='9'/></annotations>")
def test_an_annotation_of_cvat_is_read_or_refused_by_its_file(text, place):
    file = place / "task.xml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())

    for each in items(file, CHOICES):
        labelled, refused = tried(each.read)

        if refused:
            assert "task.xml" in str(refused)
        else:
            assert labelled.label.shape == labelled.provenance.shape
            assert labelled.label.dtype == np.uint8


@pytest.fixture(scope="module")
def whole(place) -> dict[str, bytes]:
    """{kind: the bytes of a raster that is as it should be}"""
    bands = ("B02", "B03", "B04")
    pixels = np.arange(3 * 64 * 64, dtype=np.uint16).reshape(3, 64, 64)
    plane = np.zeros((64, 64), np.uint8)
    write_tile(place / "tile.tif", pixels, bands=bands)
    write_label(place / "label.tif", plane, plane)
    return {kind: (place / f"{kind}.tif").read_bytes() for kind in ("tile", "label")}


READERS = {
    "tile": [read_tile, lambda path: read_tile(path, ("B03", "B99")), inspect_stack],
    "label": [read_label],
}


# What GDAL says of a damaged name isn't always text; rasterio then can't log it, and goes on.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", READERS)
@few
@given(data=st.data())
def test_a_damaged_raster_is_read_or_refused_by_its_name(kind, data, whole, place):
    octets = bytearray(whole[kind])
    # The header and its tags stand at the beginning: there a flipped byte does most.
    places = st.integers(0, min(600, len(octets) - 1)) | st.integers(0, len(octets) - 1)
    for at in data.draw(st.lists(places, max_size=6)):
        octets[at] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del octets[data.draw(places) :]
    path = place / f"damaged-{kind}.tif"
    path.write_bytes(octets)

    for read in READERS[kind]:
        _, refused = tried(partial(read, path))

        assert refused is None or path.name in str(refused)


def test_a_raster_whose_bands_names_are_no_text_is_refused(whole, place):
    path = place / "named.tif"
    path.write_bytes(whole["tile"].replace(b">B02<", b">\x80\x81\x82<"))

    with pytest.raises(RasterRejected, match=r"named\.tif: damaged"):
        read_tile(path, ("B03",))
