import fc from "fast-check";
import { expect, test } from "vitest";
import { floodCells } from "./flood";
import { heatWords } from "./magma";
import { countIn, insideWindows, placeFrom } from "./windows";

const WIDTH = 9;
const HEIGHT = 7;
const plane = fc.uint8Array({ minLength: WIDTH * HEIGHT, maxLength: WIDTH * HEIGHT, max: 1 });

/** The 4-connected region around `start`, cell by cell. */
function region(cells: Uint8Array, start: number, taken = new Set<number>()): Set<number> {
  if (taken.has(start) || !cells[start]) return taken;
  taken.add(start);
  const x = start % WIDTH;
  if (x > 0) region(cells, start - 1, taken);
  if (x < WIDTH - 1) region(cells, start + 1, taken);
  if (start >= WIDTH) region(cells, start - WIDTH, taken);
  if (start < WIDTH * (HEIGHT - 1)) region(cells, start + WIDTH, taken);
  return taken;
}

test("a flood takes each cell of its region once, and no other", () => {
  fc.assert(
    fc.property(plane, fc.nat(WIDTH * HEIGHT - 1), (cells, start) => {
      const taken = floodCells(WIDTH, HEIGHT, start, (cell) => cells[cell] === 1);

      expect([...taken].sort((a, b) => a - b)).toEqual(
        [...region(cells, start)].sort((a, b) => a - b),
      );
    }),
  );
});

test("cells inside windows are those that a count over the windows finds", () => {
  const windows = [
    { top: 0, left: 6, height: 2, width: 3 },
    { top: 4, left: 1, height: 3, width: 2 },
  ];

  const inside = insideWindows(windows, WIDTH, HEIGHT);

  expect(inside.reduce((sum, each) => sum + each, 0)).toBe(12);
  const label = inside.map((each) => (each ? 255 : 0));
  const valid = new Uint8Array(label.length).fill(1);
  valid[6] = 0; // no data in a corner of the first window
  const drawing = { label, valid, width: WIDTH };
  expect(windows.map((each) => countIn(drawing, each, 255))).toEqual([5, 6]);
});

test("the next place goes round in either direction, and there may be none", () => {
  const isOpen = (place: number) => [1, 4].includes(place);

  expect(placeFrom(5, 2, 1, isOpen)).toBe(4);
  expect(placeFrom(5, 5, 1, isOpen)).toBe(1);
  expect(placeFrom(5, 0, -1, isOpen)).toBe(4);
  expect(placeFrom(5, 0, 1, () => false)).toBe(-1);
});

test("the heat map goes from dark to bright", () => {
  const [sure, middle, uncertain] = heatWords(Uint8Array.of(0, 128, 255));

  const light = (word: number) => (word & 0xff) + ((word >> 8) & 0xff) + ((word >> 16) & 0xff);
  expect(light(sure)).toBeLessThan(light(middle));
  expect(light(middle)).toBeLessThan(light(uncertain));
  expect([sure, middle, uncertain].map((word) => word >>> 24)).toEqual([255, 255, 255]);
});
