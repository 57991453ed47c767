"""Feature sets by name: what may be written, and what is refused by the name of what is wrong."""

import pytest

from training.config import FitConfig
from training.errors import BadConfig, BadModel
from training.features.layout import PLAIN, layout_of, read_layout
from training.features.sets import PLAIN_SET, check_bands, parse

BANDS = ("B02", "B03", "B04", "B08", "B11", "B12")


def test_a_set_has_one_spelling():
    written = "extra:s1+masks:scl,csmask + sun+indices:ndsi,ndvi+sqrt+clear"

    found = parse(written)

    assert found.text == "sqrt+indices:ndvi,ndsi+sun+clear+masks:csmask,scl+extra:s1"
    assert parse(found.text) == found
    assert found.planes == ("sun", "clear", "mask:csmask", "mask:scl", "extra:s1")


def test_the_roots_of_the_bands_are_what_a_network_sees_unless_told_otherwise():
    assert parse(FitConfig().features) == PLAIN_SET
    assert PLAIN_SET.plain
    assert not parse("sqrt+sun").plain


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("", "no feature ''"),
        ("sqrt+shape", "'shape'"),
        ("sqrt+sqrt", "sqrt is named twice"),
        ("indices", "indices takes names"),
        ("indices:ndvi,ndvi", "each once"),
        ("indices:evi", "no index 'evi'"),
        ("sun:azimuth", "sun takes no names"),
        ("masks:", "''"),
        ("masks:../etc", "'../etc'"),
        ("extra:S1", "'S1'"),
    ],
)
def test_a_set_that_makes_no_sense_is_refused_by_what_is_wrong_in_it(written, named):
    with pytest.raises(BadConfig, match=named) as refusal:
        FitConfig(features=written)

    assert refusal.value.field == "features"


def test_an_index_whose_band_the_campaign_lacks_is_refused_by_both_names():
    with pytest.raises(BadConfig, match=r"psri needs band B06.*has B02, B03, B04") as refusal:
        check_bands(parse("sqrt+indices:ndvi,psri"), BANDS)

    assert refusal.value.field == "features"


def test_a_layout_counts_and_names_its_channels():
    layout = layout_of(parse("sqrt+bands+indices:hot+sun+clear+masks:scl+extra:s1"), BANDS, [2])

    names = layout.as_json(BANDS)["channels"]

    assert len(names) == layout.size(6) == 6 + 6 + 1 + 3 + 7 + 4 + 3
    assert len(set(names)) == len(names)
    assert names[:2] == ["sqrt B02", "sqrt B03"]
    assert names[12] == "hot"
    assert names[-3:] == ["extra s1 0", "extra s1 1", "extra s1 known"]


def test_a_layout_comes_back_from_its_card():
    layout = layout_of(parse("bands+indices:ndvi,tcb+extra:s1"), BANDS, [1])

    assert read_layout(layout.as_json(BANDS), BANDS) == layout
    assert read_layout(PLAIN.as_json(BANDS), BANDS).plain
    assert read_layout(None, BANDS) == PLAIN


def test_a_formula_that_has_changed_since_is_refused_by_its_name():
    told = layout_of(parse("sqrt+indices:ndvi"), BANDS, []).as_json(BANDS)
    told["formulas"]["ndvi"]["version"] = 0

    with pytest.raises(BadModel, match="version 0 of the index ndvi"):
        read_layout(told, BANDS)


def test_an_index_that_is_known_no_more_is_refused_by_its_name():
    told = layout_of(parse("sqrt+indices:ndvi"), BANDS, []).as_json(BANDS)
    told["set"] = "sqrt+indices:evi"

    with pytest.raises(BadModel, match="evi"):
        read_layout(told, BANDS)
