import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labelling.errors import BadInput, RasterRejected
from labelling.imagery.files import Georeference
from labelling.imagery.masks.reading import MaskFile, reading_mask
from labelling.imagery.masks.sources import source_named
from labelling.imagery.tiling import windows
from tests.labelling.imagery.masks.files import classes_of, coarser, product, write_planes
from tests.rasters import IN_35VLF, cut_short

SCL = np.array([[4, 8, 3], [10, 7, 0]], np.uint8)
AS_CLASSES = np.array([[0, 1, 3], [2, 255, 255]], np.uint8)


@pytest.fixture
def onto(tmp_path):
    return product(tmp_path / "a.tif")


def test_a_mask_of_the_products_size_is_taken_pixel_by_pixel(tmp_path, onto):
    codes = np.resize(SCL, (12, 12))

    classes = classes_of(write_planes(tmp_path / "a_SCL.tif", codes), "scl", onto)

    np.testing.assert_array_equal(classes, np.resize(AS_CLASSES, (12, 12)))


@pytest.mark.parametrize(("step", "side"), [(2, 12), (6, 12), (2, 11), (3, 10)])
def test_a_coarser_mask_is_taken_by_the_nearest_pixel(tmp_path, step, side):
    onto = product(tmp_path / "a.tif", side=side)
    cells = -(-side // step)
    codes = np.random.default_rng(step).integers(0, 12, (cells, cells)).astype(np.uint8)
    path = write_planes(tmp_path / "a_SCL.tif", codes, place=coarser(IN_35VLF, step))

    classes = classes_of(path, "scl", onto)

    table = source_named("scl").table().classes
    plain = [[table[codes[row // step, column // step]] for column in range(side)]
             for row in range(side)]  # fmt: skip
    np.testing.assert_array_equal(classes, plain)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_tiles_on_any_grid_hold_what_the_whole_mask_holds(tmp_path, data):
    step = data.draw(st.sampled_from([1, 2, 6]))
    size, offset = data.draw(st.integers(4, 30)), data.draw(st.tuples(*[st.integers(0, 20)] * 2))
    onto = product(tmp_path / "a.tif", side=24)
    codes = np.random.default_rng(0).integers(0, 12, (24 // step, 24 // step)).astype(np.uint8)
    path = write_planes(tmp_path / f"{step}.tif", codes, place=coarser(IN_35VLF, step))
    whole = classes_of(path, "scl", onto)

    with reading_mask(MaskFile(source_named("scl"), str(path)), onto) as mask:
        for window in windows(height=24, width=24, size=size, offset=offset):
            tile = mask.tile(window)
            rows = slice(window.top, window.top + window.height)
            columns = slice(window.left, window.left + window.width)
            expected = window.place(whole[rows, columns], fill=255)
            np.testing.assert_array_equal(tile, expected)


def test_a_mask_without_georeference_is_taken_by_its_size(tmp_path, onto):
    path = write_planes(tmp_path / "m.tif", np.full((6, 6), 8, np.uint8), place=None)

    assert (classes_of(path, "scl", onto) == 1).all()


@pytest.mark.parametrize(
    ("shape", "place", "field"),
    [
        ((13, 12), IN_35VLF, "size"),
        ((5, 6), None, "size"),
        ((24, 24), None, "size"),
        ((12, 12), Georeference("EPSG:32634", IN_35VLF.transform), "crs"),
        ((12, 12), IN_35VLF.moved(rows=1, columns=0), "georeference"),
        ((6, 6), IN_35VLF, "georeference"),
        ((12, 12), coarser(IN_35VLF, 2), "georeference"),
    ],
)
def test_a_mask_of_other_ground_is_refused_by_name(tmp_path, onto, shape, place, field):
    path = write_planes(tmp_path / "elsewhere.tif", np.zeros(shape, np.uint8), place=place)

    with pytest.raises(RasterRejected, match=r"elsewhere\.tif") as refusal:
        classes_of(path, "scl", onto)
    assert refusal.value.field == field


def test_an_unknown_code_is_refused_with_the_file_and_the_code(tmp_path, onto):
    codes = np.full((12, 12), 4, np.uint8)
    codes[3, 5] = 12
    path = write_planes(tmp_path / "a_SCL.tif", codes)

    with pytest.raises(RasterRejected, match=r"a_SCL\.tif: code 12 .*0…11.*1 pixels") as refusal:
        classes_of(path, "scl", onto)
    assert refusal.value.field == "codes"


def test_a_band_of_a_file_with_several_is_named_by_its_number(tmp_path, onto):
    planes = np.stack([np.full((12, 12), code, np.uint8) for code in (3, 200, 20)])
    path = write_planes(tmp_path / "a_SCL_CLP_CLD.tif", planes)

    assert (classes_of(path, "scl", onto) == 3).all()
    assert (classes_of(path, "s2cloudless", onto, band=2) == 1).all()
    assert (classes_of(path, "cldprb", onto, band=3) == 0).all()
    with pytest.raises(RasterRejected, match=r"has 3 bands, but scl is looked for in band 4"):
        classes_of(path, "scl", onto, band=4)


def test_three_bands_of_flags_are_one_mask(tmp_path, onto):
    opaque, cirrus, snow = np.zeros((3, 2, 2), np.uint8)
    opaque[0], cirrus[:, 0], snow[1] = 1, 1, 1
    path = write_planes(
        tmp_path / "MSK_CLASSI_B00.tif",
        np.stack([opaque, cirrus, snow]),
        place=coarser(IN_35VLF, 6),
    )

    classes = classes_of(path, "l1c_classi", onto)

    np.testing.assert_array_equal(classes[::6, ::6], [[1, 1], [2, 0]])


def test_flags_other_than_0_and_1_are_refused(tmp_path, onto):
    path = write_planes(tmp_path / "m.tif", np.full((3, 12, 12), 2, np.uint8))

    with pytest.raises(RasterRejected, match=r"m\.tif: holds 2, not flags"):
        classes_of(path, "l1c_classi", onto)


def test_real_probabilities_are_cut_and_what_is_no_number_cannot_say(tmp_path, onto):
    shares = np.full((12, 12), 0.39, np.float32)
    shares[0], shares[1] = 0.41, np.nan
    path = write_planes(tmp_path / "p.tif", shares)

    classes = classes_of(path, "s2cloudless_share", onto)

    assert [set(classes[row].tolist()) for row in (0, 1, 2)] == [{1}, {255}, {0}]
    assert (classes_of(path, "s2cloudless_share", onto, threshold=0.2)[2] == 1).all()


@pytest.mark.parametrize(
    ("planes", "source", "reason"),
    [
        (np.full((12, 12), 40, np.float32), "s2cloudless_share", "reals from 0 to 1"),
        (np.full((12, 12), 0.5, np.float32), "s2cloudless", "float32, not whole codes"),
        (np.full((12, 12), 300, np.uint16), "scl", "300 to 300, not codes 0…255"),
        (np.full((12, 12), -1, np.int16), "scl", "-1 to -1, not codes 0…255"),
    ],
)
def test_a_file_in_another_form_is_refused_by_name(tmp_path, onto, planes, source, reason):
    path = write_planes(tmp_path / "form.tif", planes)

    with pytest.raises(RasterRejected, match=rf"form\.tif: holds .*{reason}") as refusal:
        classes_of(path, source, onto)
    assert refusal.value.field == "pixels"


def test_codes_in_a_wider_type_are_taken(tmp_path, onto):
    path = write_planes(tmp_path / "m.tif", np.full((12, 12), 9, np.uint16))

    assert (classes_of(path, "scl", onto) == 1).all()


def test_declared_no_data_that_is_no_code_cannot_say(tmp_path, onto):
    path = write_planes(tmp_path / "m.tif", np.full((12, 12), 99, np.uint8), nodata=99)

    assert (classes_of(path, "omnicloudmask", onto) == 255).all()


def test_a_truncated_mask_is_refused_by_name(tmp_path, onto):
    path = write_planes(tmp_path / "m.tif", np.full((12, 12), 4, np.uint8))

    with pytest.raises(RasterRejected, match=r"m\.tif"):
        classes_of(cut_short(path, share=0.7), "scl", onto)


def test_a_threshold_for_a_source_without_one_is_refused(tmp_path, onto):
    path = write_planes(tmp_path / "m.tif", np.full((12, 12), 4, np.uint8))

    with pytest.raises(BadInput, match="scl has no probability"):
        classes_of(path, "scl", onto, threshold=0.5)


def test_the_masks_of_real_level_1c_products_are_read(samples):
    folder = samples / "safe_l1c_layout" / "Toulouse"
    (path,) = folder.glob("S2B*.SAFE/GRANULE/*/QI_DATA/MSK_CLASSI_B00.jp2")
    corner = Georeference("EPSG:32631", (10.0, 0.0, 300_000.0, 0.0, -10.0, 4_900_020.0))
    onto = product(path, side=10_980, place=corner)
    window = windows(height=10_980, width=10_980, size=512)[100]

    with reading_mask(MaskFile(source_named("l1c_classi"), str(path)), onto) as mask:
        tile = mask.tile(window)

    assert mask.step == 6
    assert tile.shape == (512, 512)
    assert set(np.unique(tile).tolist()) <= {0, 1, 2}
