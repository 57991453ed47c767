import numpy as np
import pytest

from labelling.errors import LabelRejected
from labelling.imagery.labelfile import label_rejection, reading_label
from labelling.imagery.tiling import windows
from tests.rasters import cut_short, pixels, write_codes, write_stack

CODES = (0, 1, 2, 3)


def read(path, *, side=64, codes=CODES):
    (part,) = windows(height=side, width=side, size=max(side, 128))
    with reading_label(path, height=side, width=side, codes=codes) as reader:
        return reader.tile(part)


def test_a_label_is_padded_as_not_labelled_and_keeps_its_own_gaps(tmp_path):
    codes = np.array([[0, 1], [254, 255]], dtype=np.uint8).repeat(32, axis=0).repeat(32, axis=1)

    tile = read(write_codes(tmp_path / "a_label.tif", codes))

    np.testing.assert_array_equal(tile[:64, :64], codes)
    assert (tile[64:] == 255).all()
    assert (tile[:, 64:] == 255).all()


def test_a_code_outside_the_campaign_is_refused_with_file_and_code(tmp_path):
    codes = np.zeros((64, 64), dtype=np.uint8)
    codes[3, 5] = 7

    with pytest.raises(LabelRejected, match=r"a_label\.tif: code 7 ") as refusal:
        read(write_codes(tmp_path / "a_label.tif", codes))
    assert refusal.value.field == "label"


def test_a_campaign_of_many_classes_takes_its_codes(tmp_path):
    path = write_codes(tmp_path / "a_label.tif", 27)

    assert read(path, codes=range(28))[0, 0] == 27


def test_a_label_of_another_size_is_refused_with_both_sizes(tmp_path):
    path = write_codes(tmp_path / "a_label.tif", side=32)

    with pytest.raises(LabelRejected, match=r"a_label\.tif: 32 by 32 .* 64 by 64"):
        read(path)


def test_a_stack_is_no_label(tmp_path):
    path = write_stack(tmp_path / "a.tif")

    with pytest.raises(LabelRejected, match=r"a\.tif: 4 bands of uint16"):
        read(path)


def test_a_label_of_wide_numbers_is_refused(tmp_path):
    path = write_codes(tmp_path / "a_label.tif", pixels(bands=1)[0])

    with pytest.raises(LabelRejected, match="1 bands of uint16"):
        read(path)


def test_a_label_cut_short_is_refused_by_name(tmp_path):
    path = cut_short(write_codes(tmp_path / "a_label.tif"), share=0.6)

    with pytest.raises(LabelRejected, match=r"a_label\.tif"):
        read(path)


def test_unsure_and_not_labelled_are_always_allowed():
    assert label_rejection(np.array([0, 254, 255], dtype=np.uint8), CODES) == ""
    assert "4, 253" in label_rejection(np.array([4, 253], dtype=np.uint8), CODES)


def test_a_real_label_is_read(samples):
    path = samples / "l8_biome" / "Forest_00_1008_label.tif"

    assert set(np.unique(read(path, side=256, codes=CODES))) <= {0, 1, 2, 3, 255}


def test_a_real_label_in_anothers_codes_is_refused(samples):
    path = samples / "csmask_chips" / "sentinel2_label_src5.tif"

    with pytest.raises(LabelRejected, match="code 4 "):
        read(path, side=512)
