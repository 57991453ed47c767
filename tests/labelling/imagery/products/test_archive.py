"""Zips that must not be trusted: each is refused by name, and nothing of it is unpacked."""

import errno
import stat
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest

from labelling.errors import RasterRejected
from labelling.imagery.products import archive
from labelling.imagery.products.archive import HIGHEST_RATIO, LARGEST_DIRECTORY, files_of
from tests.labelling.imagery.products.safes import image, refusal, write_small, zipped
from tests.rasters import cut_short

TOP = "S2A_X.SAFE/"


def write_zip(path: Path, *members: str | ZipInfo, method: int = ZIP_DEFLATED) -> Path:
    """A zip with a product's mark and these members, each of a few bytes."""
    with ZipFile(path, "w", method) as file:
        for member in (f"{TOP}MTD_MSIL1C.xml", *members):
            file.writestr(member, b"x")
    return path


def refused(path: Path, match: str) -> None:
    with pytest.raises(RasterRejected, match=match) as caught:
        files_of(path)
    assert path.name in str(caught.value)
    assert caught.value.help


@pytest.mark.parametrize("name", ["/etc/passwd", "C:/windows/x", "//server/share"])
def test_absolute_paths_are_refused(tmp_path, name):
    refused(write_zip(tmp_path / "a.zip", name), "has an absolute path")


@pytest.mark.parametrize("name", ["../x", f"{TOP}../../x", f"{TOP}GRANULE/../../../x", ".."])
def test_parent_paths_are_refused(tmp_path, name):
    refused(write_zip(tmp_path / "a.zip", name), "leads out of the archive")


@pytest.mark.parametrize("name", [f"{TOP}a\\..\\b", f"{TOP}a\nb"])
def test_names_that_systems_read_differently_are_refused(tmp_path, name):
    refused(write_zip(tmp_path / "a.zip", name), "read differently")


def test_links_are_refused(tmp_path):
    link = ZipInfo(f"{TOP}GRANULE/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16

    refused(write_zip(tmp_path / "a.zip", link), "is a link")


def test_encrypted_members_are_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip", method=ZIP_STORED)
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 8] |= 1
    path.write_bytes(content)

    refused(path, "is encrypted")


def test_packing_that_gdal_does_not_know_is_refused(tmp_path):
    refused(write_zip(tmp_path / "a.zip", method=ZIP_BZIP2), "method 12, not deflate")


def test_two_products_in_one_zip_are_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip", "S2A_Y.SAFE/MTD_MSIL2A.xml")

    refused(path, r"several products \(S2A_X\.SAFE/MTD_MSIL1C\.xml, S2A_Y")


def test_a_zip_without_a_product_is_refused(tmp_path):
    path = tmp_path / "holiday.zip"
    with ZipFile(path, "w") as file:
        file.writestr("beach.jpg", b"x")

    refused(path, "neither MTD_MSIL1C.xml nor MTD_MSIL2A.xml")


def test_a_member_that_occurs_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = write_zip(tmp_path / "a.zip", f"{TOP}MTD_MSIL1C.xml")

    refused(path, "occurs 2 times")


def test_a_member_that_grows_beyond_measure_is_refused(tmp_path):
    path = tmp_path / "bomb.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as file:
        file.writestr(f"{TOP}MTD_MSIL1C.xml", b"x")
        file.writestr(f"{TOP}GRANULE/B02.jp2", bytes(8 * 2**20))

    refused(path, f"B02.jp2' grows from .* to 8388608 bytes, more than {HIGHEST_RATIO} times")


def test_more_bytes_than_any_product_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 2)

    refused(write_zip(tmp_path / "a.zip", f"{TOP}b", f"{TOP}c"), "unpacked it would have 3 bytes")


def test_more_files_than_any_product_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_MEMBERS", 2)

    refused(write_zip(tmp_path / "a.zip", f"{TOP}b", f"{TOP}c"), "3 files, more than 2")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_zip_cut_short_is_refused(tmp_path, share):
    path = cut_short(zipped(write_small(tmp_path), tmp_path / "a.zip"), share=share)

    refusal(path, "damaged, cut short or no zip")


def test_a_zip_that_cannot_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    path = zipped(write_small(tmp_path), tmp_path / "a.zip")

    def failing(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(archive, "ZipFile", failing)  # a disk that fails can't be had otherwise

    refused(path, r"a\.zip: it can't be read \(Input/output error\)")


def test_damage_inside_a_zip_is_named(tmp_path):
    path = zipped(write_small(tmp_path), tmp_path / "a.zip")
    with ZipFile(path) as file:
        member = next(each for each in file.infolist() if each.filename.endswith("MTD_TL.xml"))
    content = bytearray(path.read_bytes())
    begin = member.header_offset + 200
    content[begin : begin + 500] = bytes(500)
    path.write_bytes(content)

    refusal(path, r"MTD_TL\.xml (can't be read|is not well-formed)")


def test_a_band_cut_short_inside_a_whole_zip_is_named(tmp_path):
    folder = write_small(tmp_path)
    cut_short(image(folder, "B8A"))

    refusal(zipped(folder, tmp_path / "a.zip"), r"band B8A, .*_B8A\.jp2, is cut short")


def test_a_band_missing_from_a_zip_is_named(tmp_path):
    folder = write_small(tmp_path)
    image(folder, "B05").unlink()

    refusal(zipped(folder, tmp_path / "a.zip"), "band B05 is missing")


def test_a_list_of_files_too_long_to_read_is_refused_before_it_is_read(tmp_path):
    path = write_zip(tmp_path / "a.zip")
    content = bytearray(path.read_bytes())
    end = content.rindex(b"PK\x05\x06")
    content[end + 12 : end + 16] = (LARGEST_DIRECTORY + 1).to_bytes(4, "little")
    path.write_bytes(content)

    refused(path, f"its list of files has {LARGEST_DIRECTORY + 1} bytes")


def test_an_empty_zip_is_refused(tmp_path):
    with ZipFile(tmp_path / "a.zip", "w"):
        pass

    refused(tmp_path / "a.zip", "neither MTD_MSIL1C.xml nor MTD_MSIL2A.xml")


def test_a_zip64_with_too_long_a_list_of_files_is_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip")
    content = bytearray(path.read_bytes())
    end = content.rindex(b"PK\x05\x06")
    content[end + 12 : end + 16] = b"\xff" * 4
    path.write_bytes(with_zip64_record(content, size=2**40))

    refused(path, f"its list of files has {2**40} bytes")


def test_two_records_that_tell_of_different_lists_of_files_are_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip")
    path.write_bytes(with_zip64_record(path.read_bytes(), size=2**40))

    refused(path, "bytes, and 1099511627776 elsewhere in it")


def with_zip64_record(content: bytes, *, size: int) -> bytes:
    """A zip's bytes with a Zip64 record that says how long its list of files is."""
    end = content.rindex(b"PK\x05\x06")
    record = b"PK\x06\x06" + bytes(36) + size.to_bytes(8, "little") + bytes(8)
    return content[:end] + record + b"PK\x06\x07" + bytes(16) + content[end:]
