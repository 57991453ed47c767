import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelling.errors import BadInput, RasterRejected
from labelling.imagery.masks.sources import ALL, SOURCES, Cut, source_named
from labelling.imagery.masks.tables import CANNOT_SAY, by_bits, by_code, spans

NONE = CANNOT_SAY
ORACLE = {
    "scl": [NONE, NONE, 0, 3, 0, 0, 0, NONE, 1, 1, 2, 0],
    "csmask": [0, 1, 3],
    "fmask": [0, 0, 3, 0, 1],
    "dl_l8s2_uv": [NONE, 0, 1],
    "kappamask": [NONE, 0, 3, 2, 1, NONE],
    "omnicloudmask": [0, 1, 2, 3],
    "s2cloudless_mask": [0, 1],
    "l1c_classi": [0, 1, 2, 1, 0, 1, 2, 1],
    "l1c_gml": [0, 1, 2, 1, 0, 1, 2, 1],
}
"""{source: the class of its code 0, 1, 2 …}, from each masker's own documents."""
MUSCATE = {"all": 1, "clouds": 2, "one date": 4, "many dates": 8, "thin": 16, "shadow": 32,
           "shadow from outside": 64, "high": 128}  # fmt: skip
NATIVE = {"all": 1, "clouds": 2, "one date": 16, "many dates": 32, "thin": 64, "shadow": 4,
          "shadow from outside": 8, "high": 128}  # fmt: skip

sources = pytest.mark.parametrize("source", ALL, ids=lambda source: source.name)


def classes(name, codes, threshold=None):
    plane = np.asarray(codes, np.uint8)
    return source_named(name).table(threshold).translate(plane, name="mask.tif").tolist()


@pytest.mark.parametrize("name", ORACLE)
def test_each_code_becomes_the_class_its_document_says(name):
    expected = ORACLE[name]

    assert classes(name, range(len(expected))) == expected


@sources
def test_every_code_becomes_one_of_our_classes_or_cannot_say(source):
    table = source.table()

    assert set(table.classes.values()) <= {0, 1, 2, 3, CANNOT_SAY}
    assert set(table.classes) <= set(range(256))


@sources
def test_a_source_declares_just_the_classes_its_table_gives(source):
    table = source.table()

    assert source.provides == table.provides
    assert set(source.provides) == set(table.classes.values()) - {CANNOT_SAY}


@sources
@given(data=st.data())
def test_a_code_outside_the_table_is_refused_by_name_and_any_inside_is_not(source, data):
    table = source.table()
    code = data.draw(st.integers(0, 255))
    plane = np.full((2, 3), code, np.uint8)

    if code in table.classes:
        assert (table.translate(plane, name="x.tif") == table.classes[code]).all()
    else:
        with pytest.raises(RasterRejected, match=rf"x\.tif: code {code} .*6 pixels") as refusal:
            table.translate(plane, name="x.tif")
        assert refusal.value.field == "codes"


def test_s2cloudless_says_neither_thin_nor_shadow_and_csmask_no_thin():
    assert source_named("s2cloudless").provides == (0, 1)
    assert source_named("csmask").provides == (0, 1, 3)


@pytest.mark.parametrize(("name", "bits"), [("maja", MUSCATE), ("maja_native", NATIVE)])
def test_a_maja_pixel_goes_by_its_most_certain_bit(name, bits):
    def pixel(*set_bits):
        return classes(name, [sum(bits[each] for each in set_bits)])[0]

    assert pixel() == 0
    assert pixel("all", "clouds", "one date") == 1
    assert pixel("all", "clouds", "many dates", "high", "shadow") == 1
    assert pixel("all", "shadow") == 3
    assert pixel("all", "shadow from outside", "thin") == 3
    assert pixel("thin") == 2
    assert pixel("all", "clouds", "high") == 2
    assert pixel("all", "clouds") == 1
    assert pixel("all") == CANNOT_SAY


@pytest.mark.parametrize(
    ("name", "scale"), [("s2cloudless", 255), ("s2cloudless_percent", 100), ("cldprb", 100)]
)
@given(threshold=st.floats(0, 0.999), share=st.floats(0, 1))
def test_a_probability_is_cut_strictly_above_the_threshold(name, scale, threshold, share):
    code = round(share * scale)

    assert classes(name, [code], threshold) == [int(code / scale > threshold)]


def test_the_defaults_of_the_cuts_are_stated():
    cuts = {each.name: each.threshold() for each in ALL if isinstance(each.codes, Cut)}

    assert cuts == {
        "cldprb": 0.5, "snwprb": 0.5, "s2cloudless": 0.4, "s2cloudless_percent": 0.4,
        "s2cloudless_share": 0.4,
    }  # fmt: skip
    assert classes("s2cloudless", [102, 103]) == [0, 1]
    assert classes("snwprb", [50, 51]) == [CANNOT_SAY, 0]


@pytest.mark.parametrize("threshold", [-0.1, 1, 40])
def test_a_threshold_that_is_no_share_is_refused(threshold):
    with pytest.raises(BadInput, match="threshold") as refusal:
        source_named("s2cloudless").table(threshold)
    assert refusal.value.field == "threshold"


def test_a_source_without_probability_takes_no_threshold():
    with pytest.raises(BadInput, match="scl has no probability"):
        source_named("scl").layer_version(threshold=0.4)


def test_an_unknown_source_is_refused_with_those_there_are():
    with pytest.raises(BadInput, match="'sc1'") as refusal:
        source_named("sc1")
    assert "scl, cldprb" in refusal.value.help


def test_a_version_tells_the_masker_the_threshold_and_the_table():
    assert source_named("scl").layer_version() == "1"
    assert source_named("fmask").layer_version(tool="4.6") == "4.6-1"
    assert source_named("s2cloudless").layer_version() == "t0.4-1"
    version = source_named("s2cloudless_share").layer_version(tool="1.7.3", threshold=0.65)
    assert version == "1.7.3-t0.65-1"


def test_sources_that_share_a_layer_but_not_a_table_have_versions_of_their_own():
    tables = {}
    for source in SOURCES.values():
        if not isinstance(source.codes, Cut):
            tables.setdefault((source.layer, source.layer_version()), []).append(source.codes)

    assert all(each == group[0] for group in tables.values() for each in group)


def test_declared_no_data_counts_only_where_the_table_has_no_word_of_its_own():
    table = by_code({0: ("clear", 0), 1: ("cloud", 1)})
    plane = np.array([0, 1, 7], np.uint8)

    assert table.translate(plane, name="x", nodata=7).tolist() == [0, 1, CANNOT_SAY]
    assert table.translate(plane[:2], name="x", nodata=0).tolist() == [0, 1]
    assert table.translate(plane[:2], name="x", nodata=float("nan")).tolist() == [0, 1]


def test_codes_with_a_bit_that_no_row_names_are_not_in_a_table_of_bits():
    table = by_bits([(0b10, "cloud", 1)], otherwise=("clear", 0))

    assert dict(table.classes) == {0: 0, 2: 1}


def test_codes_are_written_as_spans():
    assert spans({0: 0, 1: 0, 2: 0, 5: 1, 255: 255}) == "0…2, 5, 255"
