import fc from "fast-check";
import { expect, test } from "vitest";
import { boxOf } from "./box";
import { BRUSH_SIZES, brushCells, nextBrushSize, type Point } from "./brush";
import { floodCells, looksLike } from "./flood";
import { polygonCells } from "./polygon";

const SIDE = 20;
const place = fc.record({
  x: fc.double({ min: -6, max: SIDE + 6, noNaN: true }),
  y: fc.double({ min: -6, max: SIDE + 6, noNaN: true }),
});

test("a brush of one pixel marks the pixel under the pointer", () => {
  const at = { x: 3.9, y: 2.1 };

  expect([...brushCells(8, 8, at, at, 1)]).toEqual([2 * 8 + 3]);
});

test("a brush of every size is as wide as it says", () => {
  for (const size of BRUSH_SIZES) {
    const at = { x: 70, y: 70 };

    const box = boxOf(brushCells(141, 141, at, at, size), 141)!;

    expect([box.right - box.left, box.bottom - box.top]).toEqual([size, size]);
  }
});

test("a stroke leaves no gap, however fast the hand", () => {
  fc.assert(
    fc.property(place, place, fc.constantFrom(...BRUSH_SIZES.slice(1, 6)), (from, to, size) => {
      const wide = 64;
      const shift = ({ x, y }: Point) => ({ x: x + 20, y: y + 20 });

      const cells = new Set(brushCells(wide, wide, shift(from), shift(to), size));

      const [first] = cells;
      const joined = floodCells(wide, wide, first, (cell) => cells.has(cell));
      expect(joined.length).toBe(cells.size);
    }),
  );
});

test("a brush outside the tile marks nothing", () => {
  const off = { x: -50, y: -50 };

  expect(brushCells(SIDE, SIDE, off, off, 9).length).toBe(0);
});

test("brush sizes step up and down and stop at both ends", () => {
  expect(nextBrushSize(9, 1)).toBe(13);
  expect(nextBrushSize(9, -1)).toBe(7);
  expect(nextBrushSize(1, -1)).toBe(1);
  expect(nextBrushSize(129, 1)).toBe(129);
});

test("a polygon holds the cells whose centre the even-odd rule puts inside", () => {
  fc.assert(
    fc.property(fc.array(place, { minLength: 3, maxLength: 7 }), (corners) => {
      const cells = new Set(polygonCells(SIDE, SIDE, corners));

      for (let cell = 0; cell < SIDE * SIDE; cell++) {
        const centre = { x: (cell % SIDE) + 0.5, y: Math.floor(cell / SIDE) + 0.5 };
        expect(cells.has(cell)).toBe(isInside(corners, centre));
      }
    }),
  );
});

function isInside(corners: Point[], at: Point): boolean {
  let inside = false;
  corners.forEach((a, k) => {
    const b = corners[(k + 1) % corners.length];
    const crosses = a.y <= at.y !== b.y <= at.y;
    if (crosses && a.x + ((at.y - a.y) / (b.y - a.y)) * (b.x - a.x) <= at.x) inside = !inside;
  });
  return inside;
}

test("a square polygon fills exactly its cells, wherever its corners lie first", () => {
  const square = [
    { x: 1, y: 1 },
    { x: 3, y: 1 },
    { x: 3, y: 3 },
    { x: 1, y: 3 },
  ];

  expect([...polygonCells(4, 4, square)]).toEqual([5, 6, 9, 10]);
  expect([...polygonCells(4, 4, square.reverse())]).toEqual([5, 6, 9, 10]);
});

test("two corners are no polygon", () => {
  const line = [
    { x: 1, y: 1 },
    { x: 3, y: 1 },
  ];

  expect(polygonCells(4, 4, line).length).toBe(0);
});

test("a flood stops at the edge of the region and does not go through corners", () => {
  const mask = Uint8Array.of(0, 0, 1, 0, 1, 1, 1, 0, 0);

  expect([...floodCells(3, 3, 0, (cell) => mask[cell] === 0)].sort()).toEqual([0, 1, 3]);
});

test("a flood does not run over the right edge into the next row", () => {
  const mask = Uint8Array.of(1, 1, 0, 0, 1, 1);

  expect([...floodCells(3, 2, 2, (cell) => mask[cell] === 0)]).toEqual([2]);
});

test("a flood reaches every cell of an open plane once", () => {
  const cells = floodCells(SIDE, SIDE, 37, () => true);

  expect(new Set(cells).size).toBe(SIDE * SIDE);
  expect(cells.length).toBe(SIDE * SIDE);
});

test("a cell looks like another when no colour is further away than the tolerance", () => {
  const pixels = Uint8ClampedArray.of(10, 20, 30, 255, 18, 20, 22, 255, 19, 20, 30, 255);

  const similar = looksLike(pixels, 0, 8);

  expect([0, 1, 2].map(similar)).toEqual([true, true, false]);
});
