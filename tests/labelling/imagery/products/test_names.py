from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelling.errors import BadInput
from labelling.imagery.products.names import (
    BANDS,
    SafeName,
    check_baseline,
    has_offset,
    parse_name,
)

NAME = "S2B_MSIL1C_20240305T104819_N0510_R051_T31TCJ_20240305T125347"
MOMENTS = st.integers(1_435_000_000, 2_840_000_000).map(lambda s: datetime.fromtimestamp(s, UTC))
"""From the first Sentinel-2 image to 2059."""
NAMES = st.builds(
    SafeName,
    satellite=st.sampled_from(["S2A", "S2B", "S2C"]),
    level=st.sampled_from(["L1C", "L2A"]),
    taken=MOMENTS,
    baseline=st.from_regex(r"0[2-5]\.[0-9]{2}", fullmatch=True),
    orbit=st.integers(1, 143),
    mgrs=st.sampled_from(["35VLF", "31TCJ", "01UBT", "60WWU", "34VEM"]),
    made=MOMENTS.map(lambda moment: f"{moment:%Y%m%dT%H%M%S}"),
)


def test_a_name_tells_the_acquisition():
    name = parse_name(f"{NAME}.SAFE")

    assert name == SafeName(
        satellite="S2B",
        level="L1C",
        taken=datetime(2024, 3, 5, 10, 48, 19, tzinfo=UTC),
        baseline="05.10",
        orbit=51,
        mgrs="31TCJ",
        made="20240305T125347",
    )


@settings(deadline=None)
@given(NAMES)
def test_every_name_that_can_be_written_is_read_back(name):
    assert parse_name(str(name)) == name
    assert parse_name(f"{name}.SAFE") == name


@settings(deadline=None)
@given(st.text())
def test_any_other_text_is_refused_and_nothing_worse(text):
    with pytest.raises(BadInput) as refusal:
        parse_name(text)
    assert refusal.value.field == "product"
    assert refusal.value.help


@settings(deadline=None)
@given(st.integers(0, len(NAME) - 1), st.characters(codec="ascii"))
def test_a_name_with_one_character_changed_is_refused_or_says_what_it_says(position, character):
    changed = NAME[:position] + character + NAME[position + 1 :]

    try:
        name = parse_name(changed)
    except BadInput:
        return

    assert str(name) == changed


@pytest.mark.parametrize(
    "name",
    [
        "S2D_MSIL1C_20240305T104819_N0510_R051_T31TCJ_20240305T125347",
        "S2B_MSIL1B_20240305T104819_N0510_R051_T31TCJ_20240305T125347",
        "S2B_MSIL1C_20240230T104819_N0510_R051_T31TCJ_20240305T125347",
        "S2B_MSIL1C_20240305T104819_N0510_R000_T31TCJ_20240305T125347",
        "S2B_MSIL1C_20240305T104819_N0510_R051_T61TCJ_20240305T125347",
        "S2B_MSIL1C_20240305T104819_N0510_R051_T31TCJ",
        f"{NAME}\n",
        f"../{NAME}",
    ],
)
def test_names_that_no_product_has_are_refused(name):
    with pytest.raises(BadInput):
        parse_name(name)


@pytest.mark.parametrize("baseline", ["02.04", "03.01", "04.00", "05.00", "05.10", "05.11"])
def test_the_baselines_of_compact_products_are_known(baseline):
    check_baseline(baseline)

    assert has_offset(baseline) == (baseline >= "04.00")


@pytest.mark.parametrize("baseline", ["", "01.09", "06.00", "99.99", "5.11", "05.111", "05.1x"])
def test_other_baselines_are_refused(baseline):
    with pytest.raises(BadInput) as refusal:
        check_baseline(baseline)
    assert refusal.value.field == "PROCESSING_BASELINE"


def test_bands_are_numbered_as_metadata_number_them():
    assert (BANDS[0], BANDS[8], BANDS[12], len(BANDS)) == ("B01", "B8A", "B12", 13)
