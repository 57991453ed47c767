import os
import shutil

import pytest

from labelling.imagery import content
from labelling.imagery.content import content_of
from labelling.imagery.products.stack import inspect_stack
from tests.rasters import pixels, write_stack


def told(path, **options):
    return content_of(inspect_stack(path, **options))


def test_a_copy_elsewhere_with_another_time_is_the_same(tmp_path):
    first = write_stack(tmp_path / "one" / "a.tif")
    (tmp_path / "two").mkdir()
    second = shutil.copy(first, tmp_path / "two" / "a.tif")
    os.utime(second, (0, 0))

    assert told(first) == told(second)


def test_other_pixels_another_name_or_other_bands_are_another_content(tmp_path):
    first = told(write_stack(tmp_path / "a.tif"))

    others = {
        told(write_stack(tmp_path / "b" / "a.tif", pixels(seed=1))),
        told(write_stack(tmp_path / "b.tif")),
        told(tmp_path / "b.tif", bands=["blue", "green", "red", "nir"]),
    }

    assert len(others | {first}) == 4


@pytest.mark.parametrize("place", [0, 0.5, 0.999])
def test_of_a_large_file_pieces_all_over_it_count(tmp_path, monkeypatch, place):
    monkeypatch.setattr(content, "WHOLE", 1000)
    monkeypatch.setattr(content, "PIECE", 4096)
    path = write_stack(tmp_path / "a.tif", pixels(height=100))
    before = told(path)
    product = inspect_stack(path)

    with path.open("r+b") as file:
        file.seek(int(place * path.stat().st_size))
        file.write(b"\xff" * 20)

    assert content_of(product) != before
