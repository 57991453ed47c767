import pytest

from labelling.errors import RasterRejected
from labelling.imagery.products.find import inspect, products_in, recognise
from tests.labelling.imagery.products.items import earth_search
from tests.labelling.imagery.products.safes import main_xml, write_small, zipped
from tests.rasters import FOUR, write_stack


@pytest.fixture
def downloads(tmp_path):
    """A folder with one product of each form, and other things."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    safe = write_small(folder)
    zipped(safe, folder / "packed.zip")
    write_stack(folder / "stack.tif")
    write_stack(folder / "cog.TIFF")
    (folder / "items").mkdir()
    earth_search(folder / "items").rename(folder / "items" / "item.json")
    (folder / "notes.txt").write_text("x")
    (folder / "notes.json").write_text('{"a": 1}')
    (folder / "empty").mkdir()
    return folder


def test_each_form_is_recognised(downloads):
    forms = {path.name: recognise(path) for path in downloads.iterdir()}

    assert forms.pop(next(name for name in forms if name.endswith(".SAFE"))) == "safe"
    assert forms == {
        "packed.zip": "safe", "stack.tif": "stack", "cog.TIFF": "stack", "items": None,
        "notes.txt": None, "notes.json": None, "empty": None,
    }  # fmt: skip
    assert recognise(downloads / "items" / "item.json") == "stac"


def test_a_folder_gives_its_direct_products_and_no_deeper_ones(downloads):
    found = products_in(downloads)

    assert [path.suffix for path in found] == [".SAFE", ".TIFF", ".zip", ".tif"]


def test_a_folder_of_several_products_is_none_itself(tmp_path):
    write_small(tmp_path, level="L1C")
    write_small(tmp_path, level="L2A")

    assert recognise(tmp_path) is None
    assert len(products_in(tmp_path)) == 2


def test_the_rasters_of_an_item_are_no_stacks_of_their_own(tmp_path):
    item = earth_search(tmp_path)
    stack = write_stack(tmp_path / "stack.tif")

    assert products_in(tmp_path) == [item, stack]


def test_a_broken_item_hides_no_raster(tmp_path):
    item = tmp_path / "item.json"
    item.write_text('{"type": "Feature", "stac_version": "1.0.0"}')
    stack = write_stack(tmp_path / "stack.tif")

    assert products_in(tmp_path) == [item, stack]


def test_each_form_is_inspected(downloads):
    for path in (*products_in(downloads), downloads / "items" / "item.json"):
        product = inspect(path)
        assert product.form == recognise(path)
        assert product.path == path


def test_a_damaged_product_is_recognised_so_that_it_is_refused_by_name(tmp_path):
    safe = write_small(tmp_path)
    main_xml(safe).unlink()
    (tmp_path / "broken.zip").write_text("x")

    assert {recognise(path) for path in products_in(tmp_path)} == {"safe"}
    for path in products_in(tmp_path):
        with pytest.raises(RasterRejected) as refusal:
            inspect(path)
        assert path.name in str(refusal.value)


def test_only_stacks_take_names_for_their_bands(downloads):
    assert inspect(downloads / "stack.tif", bands=list("abcd")).band_names == tuple("abcd")
    assert inspect(downloads / "stack.tif").band_names == FOUR
    with pytest.raises(RasterRejected, match=r"packed\.zip: its bands have names"):
        inspect(downloads / "packed.zip", bands=["a"])


@pytest.mark.parametrize(("name", "told"), [("notes.txt", "no product"), ("gone", "no such file")])
def test_anything_else_is_refused_by_name(downloads, name, told):
    with pytest.raises(RasterRejected, match=f"{name}: {told}"):
        inspect(downloads / name)
