from dataclasses import replace

from labelling.imagery.grid import grid_of
from labelling.imagery.overlap import Sheet, covers
from labelling.imagery.tiling import windows
from tests.rasters import IN_35VLF


def lattice(shift):
    """A raster on 35VLF's own grid moved by `shift` pixels, and 35VLF's tiles as a sheet."""
    grid = grid_of("35VLF", size=512)
    sheet = Sheet(grid, {(row, column): 1.0 for row in range(3) for column in range(3)})
    ground = IN_35VLF.moved(rows=shift, columns=shift)
    return ground, windows(height=512, width=512, size=512), sheet


def test_cover_is_the_share_of_ground_that_whole_tiles_show():
    ground, (part,), sheet = lattice(256)

    cover = covers(ground, [part], [sheet])[part]

    assert (cover.share, cover.most) == (1.0, (0, 1, 1))
    half = covers(IN_35VLF.moved(rows=0, columns=1280), [part], [sheet])[part]
    assert half.share == 0.5


def test_a_tile_with_gaps_shows_nothing_for_certain():
    ground, (part,), sheet = lattice(0)
    holed = replace(sheet, shares={(0, 0): 0.9})

    assert covers(ground, [part], [holed]) == {}
    assert covers(ground, [part], []) == {}


def test_neighbours_in_another_zone_are_told_by_their_ground():
    zone34 = grid_of("34VFL", size=512)
    ((x, y),) = IN_35VLF.project(f"EPSG:{zone34.epsg}", [(0, 0)])
    inside = (zone34.west < x < zone34.west + 109_800) and (zone34.north - 109_800 < y)
    every = {(row, column): 1.0 for row in range(21) for column in range(21)}
    (part,) = windows(height=512, width=512, size=512)

    found = covers(IN_35VLF, [part], [Sheet(zone34, every)])

    assert (part in found) == inside
