"""CloudSEN12, the Sentinel-2 Cloud Mask Catalogue, Landsat-8 Biome, Baetens and Hagolle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import rasterio

from labelling.errors import BadInput
from labelling.imagery.labelsets import baetens_hagolle, cloudsen12, francis, l8biome
from labelling.imagery.labelsets.sampling import sampled
from tests.labelling.imagery.labelsets.writers import (
    CHOICES,
    PRODUCT,
    one_hot,
    write_biome,
    write_map,
    write_patch,
    write_subscene,
    write_table,
)
from tests.rasters import IN_35VLF, cut_short, pixels, write_stack


def only(items):
    (item,) = items
    return item.read()


def codes(*values: int, side: int = 32) -> np.ndarray:
    """A plane whose rows cycle through `values`."""
    return np.resize(np.array(values, np.uint8), side)[:, None].repeat(side, axis=1)


class TestCloudSEN12:
    def test_bands_are_renamed_and_the_label_is_ours(self, tmp_path):
        values = pixels(bands=13, height=32, width=32)
        write_patch(tmp_path, label=codes(0, 1, 2, 3), values=values)

        patch = only(cloudsen12.items(tmp_path, CHOICES))

        assert patch.picture.bands == ("B02", "B03", "B04", "B08")
        assert np.array_equal(patch.picture.pixels, values[[1, 2, 3, 7]])
        assert patch.label[:4, 0].tolist() == [0, 1, 2, 3]
        assert (patch.kind, patch.trust) == ("full", 1)
        assert f"{patch.picture.taken:%Y-%m-%d %H:%M}" == "2019-10-28 14:10"

    def test_what_a_scribble_leaves_out_is_not_labelled(self, tmp_path):
        write_patch(tmp_path, label=codes(1, 99), file="manual_sc.tif")

        patch = only(cloudsen12.items(tmp_path, CHOICES))

        assert patch.kind == "scribble"
        assert patch.trust < 1
        assert patch.label[:2, 0].tolist() == [1, 255]
        assert patch.provenance[:2, 0].tolist() == [4, 0]

    def test_the_metadata_name_the_author(self, tmp_path):
        patch = write_patch(tmp_path, label=codes(0))
        row = {"roi_id": "ROI_0001", "s2_id_gee": patch.name, "annotator_name": "Jhomira"}
        write_table(tmp_path / "metadata.csv", [{**row, "difficulty": "2"}])

        found = only(cloudsen12.items(tmp_path, CHOICES))

        assert found.author == "Jhomira"
        assert found.origin["difficulty"] == "2"

    def test_an_unknown_code_is_named_and_can_be_told(self, tmp_path):
        write_patch(tmp_path, label=codes(1, 6))

        with pytest.raises(BadInput, match=r"code 6.*cloudsen12/1"):
            only(cloudsen12.items(tmp_path, CHOICES))
        told = only(cloudsen12.items(tmp_path, replace(CHOICES, classes={"6": 3})))

        assert told.label[1, 0] == 3
        assert told.table == "cloudsen12/1+6=3"

    def test_a_missing_picture_is_named(self, tmp_path):
        patch = write_patch(tmp_path, label=codes(0))
        (patch / "S2L1C.tif").unlink()

        with pytest.raises(BadInput, match=r"S2L1C\.tif: no such file"):
            only(cloudsen12.items(tmp_path, CHOICES))

    def test_a_picture_of_another_size_than_its_label_is_refused(self, tmp_path):
        patch = write_patch(tmp_path, label=codes(0))
        write_stack(patch / "S2L1C.tif", pixels(height=16, width=16))

        with pytest.raises(BadInput, match="16 by 16 pixels, but its label has 32 by 32"):
            only(cloudsen12.items(tmp_path, CHOICES))

    def test_a_file_that_is_no_label_is_refused(self, tmp_path):
        patch = write_patch(tmp_path, label=codes(0))

        with pytest.raises(BadInput, match="a label is called"):
            cloudsen12.items(patch / "S2L1C.tif", CHOICES)

    def test_a_label_cut_short_is_named(self, tmp_path):
        patch = write_patch(tmp_path, label=codes(0))
        cut_short(patch / "labels" / "manual_hq.tif", share=0.3)

        with pytest.raises(BadInput, match=r"manual_hq\.tif"):
            only(cloudsen12.items(tmp_path, CHOICES))


class TestFrancis:
    def test_one_hot_masks_and_float_reflectance_come_in(self, tmp_path):
        shares = np.random.default_rng(1).uniform(0.01, 0.9, (32, 32, 13)).astype(np.float32)
        write_subscene(tmp_path, flags=one_hot(codes(0, 1, 2, 255)), shares=shares)

        scene = only(francis.items(tmp_path, CHOICES))

        assert scene.label[:4, 0].tolist() == [0, 1, 3, 255]
        expected = np.rint(shares[..., 1].astype(np.float64) * 10_000)
        assert np.array_equal(scene.picture.pixels[0], expected)
        assert scene.picture.satellite == "S2A"

    def test_where_shadow_is_not_marked_the_label_is_trusted_half(self, tmp_path):
        write_subscene(tmp_path, flags=one_hot(codes(0)))
        tags = {"scene": PRODUCT, "shadows_marked": "0", "forest": "1"}
        write_table(tmp_path / "classification_tags.csv", [tags])

        scene = only(francis.items(tmp_path, CHOICES))

        assert scene.trust == 0.5
        assert scene.origin["tags"]["forest"] == "1"

    def test_nan_is_refused_by_name(self, tmp_path):
        shares = np.full((32, 32, 13), 0.2, np.float32)
        shares[3, 3, 1] = np.nan
        write_subscene(tmp_path, flags=one_hot(codes(0)), shares=shares)

        with pytest.raises(BadInput, match="NaN"):
            only(francis.items(tmp_path, CHOICES))

    def test_a_pixel_of_two_classes_is_refused(self, tmp_path):
        flags = one_hot(codes(0))
        flags[4, 4] = True
        write_subscene(tmp_path, flags=flags)

        with pytest.raises(BadInput, match="1 pixels have two classes"):
            only(francis.items(tmp_path, CHOICES))

    def test_arrays_of_objects_wrong_shapes_and_cut_files_are_refused(self, tmp_path):
        mask = write_subscene(tmp_path, flags=one_hot(codes(0)))
        whole = mask.read_bytes()
        for spoil in (
            lambda: np.save(mask, np.array([{"a": 1}]), allow_pickle=True),
            lambda: np.save(mask, np.zeros((32, 32), bool)),
            lambda: mask.write_bytes(whole[: len(whole) // 2]),
            lambda: mask.write_bytes(b""),
        ):
            spoil()
            with pytest.raises(BadInput, match=mask.name):
                only(francis.items(tmp_path, CHOICES))


class TestLandsat8Biome:
    def test_the_fixed_masks_codes_become_ours(self, tmp_path):
        write_biome(tmp_path, codes=codes(0, 64, 128, 192, 255))

        scene = only(l8biome.items(tmp_path, CHOICES))

        assert scene.label[:5, 0].tolist() == [255, 3, 0, 2, 1]
        assert scene.picture.bands == ("B02", "B03", "B04", "B08")

    def test_an_envi_mask_is_read_with_its_header(self, tmp_path):
        write_biome(tmp_path, codes=codes(0))
        plane = codes(128, 255)
        (tmp_path / "Forest_00_fixedmask.tif").unlink()
        profile = {"count": 1, "height": 32, "width": 32, "dtype": "uint8"}
        with (
            pytest.warns(rasterio.errors.NotGeoreferencedWarning),
            rasterio.open(
                tmp_path / "Forest_00_fixedmask.img", "w", driver="ENVI", **profile
            ) as file,
        ):
            file.write(plane, 1)

        scene = only(l8biome.items(tmp_path, CHOICES))

        assert scene.label[:2, 0].tolist() == [0, 1]

    def test_labels_in_our_codes_pass_as_they_are(self, tmp_path):
        write_biome(tmp_path, codes=codes(0, 1, 2, 3, 255), ending="_label.tif")

        scene = only(l8biome.items(tmp_path, CHOICES))

        assert scene.label[:5, 0].tolist() == [0, 1, 2, 3, 255]
        assert scene.table == "ours/1"

    def test_the_thermal_band_never_passes_for_the_cirrus_band(self, tmp_path):
        write_biome(tmp_path, codes=codes(128))

        with pytest.raises(BadInput, match="none of the campaign's bands"):
            only(l8biome.items(tmp_path, replace(CHOICES, bands=("B10",))))

    def test_a_campaign_in_landsats_own_names_gets_them(self, tmp_path):
        write_biome(tmp_path, codes=codes(128))
        bands = ("B2", "B5", "B10")

        scene = only(l8biome.items(tmp_path, replace(CHOICES, bands=bands)))

        assert scene.picture.bands == bands

    def test_the_real_chips_come_in(self, samples):
        chips = l8biome.items(samples / "l8_biome", CHOICES)

        scene = chips[0].read()

        assert len(chips) == 31
        assert scene.picture.pixels.shape == (4, 256, 256)
        assert set(np.unique(scene.label)) <= {0, 1, 2, 3, 255}


class TestBaetensHagolle:
    def test_its_classes_become_ours(self, tmp_path):
        write_map(tmp_path, codes(0, 1, 2, 3, 4, 5, 6, 7), place=IN_35VLF)

        found = only(baetens_hagolle.items(tmp_path, CHOICES))

        assert found.label[:8, 0].tolist() == [255, 255, 1, 1, 3, 0, 0, 0]
        assert found.target.names == (PRODUCT,)
        assert found.target.place == IN_35VLF

    def test_high_cloud_can_be_taken_for_semi_transparent(self, tmp_path):
        write_map(tmp_path, codes(3), place=IN_35VLF)

        found = only(baetens_hagolle.items(tmp_path, replace(CHOICES, classes={"3": 2})))

        assert (found.label == 2).all()

    def test_a_map_that_names_no_product_is_refused(self, tmp_path):
        write_map(tmp_path, codes(5), place=IN_35VLF, product="Arles")

        with pytest.raises(BadInput, match="Arles"):
            only(baetens_hagolle.items(tmp_path, CHOICES))

    def test_a_map_of_60_m_is_looked_up_at_the_centres_of_10_m_pixels(self):
        coarse = replace(IN_35VLF, transform=(60.0, 0.0, 300_000.0, 0.0, -60.0, 6_600_000.0))
        plane = np.arange(16, dtype=np.uint8).reshape(4, 4)
        tile = IN_35VLF.moved(rows=3, columns=0)

        fine = sampled(plane, coarse, onto=tile, size=(24, 24), outside=255)

        assert fine[:, 0].tolist() == [0] * 3 + [4] * 6 + [8] * 6 + [12] * 6 + [255] * 3
        assert fine[0].tolist() == [0] * 6 + [1] * 6 + [2] * 6 + [3] * 6

    def test_a_map_in_another_system_is_refused(self):
        other = replace(IN_35VLF, crs="EPSG:32634")

        with pytest.raises(BadInput, match="EPSG:32634"):
            sampled(codes(1), other, onto=IN_35VLF, size=(8, 8), outside=255)


def test_a_folder_without_a_labelled_set_says_what_was_looked_for(tmp_path):
    for reader, wanted in ((cloudsen12, "manual_hq"), (francis, "masks"), (l8biome, "fixedmask")):
        with pytest.raises(BadInput, match=wanted):
            reader.items(tmp_path, CHOICES)
