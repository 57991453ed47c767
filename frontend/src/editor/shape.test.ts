import fc from "fast-check";
import { expect, test } from "vitest";
import { UNLABELLED } from "./codes";
import { emptyDrawing } from "./drawing";
import { Edits } from "./edits";
import { floodCells, valuesLike } from "./flood";
import { groupCells, groupsOf } from "./groups";
import { replace } from "./patch";
import { piecesOf } from "./pieces";
import { cellsOf, grown, holes, otherCodes, rim, ring, setOf } from "./shape";
import { standardised, superpixels } from "./superpixels";
import { beyond, otsu } from "./threshold";

const SIDE = 16;
const set = fc
  .uint8Array({ minLength: SIDE * SIDE, maxLength: SIDE * SIDE, max: 3 })
  .map((plane) => setOf(plane, 0));
const at = (i: number) => ({ x: i % SIDE, y: Math.floor(i / SIDE) });

/** Distance from `i` to the nearest cell of `others`, Infinity where there is none. */
function nearest(i: number, others: Uint32Array): number {
  const here = at(i);
  return Math.min(...Array.from(others, (j) => Math.hypot(at(j).x - here.x, at(j).y - here.y)));
}

test("growing takes what is near and nothing that is far", () => {
  fc.assert(
    fc.property(set, fc.integer({ min: 1, max: 4 }), (inside, by) => {
      const taken = grown(inside, SIDE, by);

      const cells = cellsOf(inside);
      inside.forEach((each, i) => {
        const away = nearest(i, cells);
        if (taken[i]) expect(each).toBe(0);
        // The chamfer's distances are right to 6 %.
        if (!each && away <= by * 0.94) expect(taken[i]).toBe(1);
        if (away > by * 1.07) expect(taken[i]).toBe(0);
      });
    }),
    { numRuns: 30 },
  );
});

test("a rim lies inside, what is grown outside, and a ring is both", () => {
  fc.assert(
    fc.property(set, fc.integer({ min: 1, max: 6 }), (inside, by) => {
      const both = ring(inside, SIDE, by);

      const inner = rim(inside, SIDE, Math.floor(by / 2));
      const outer = grown(inside, SIDE, Math.ceil(by / 2));
      inside.forEach((each, i) => {
        expect(inner[i] && !each).toBeFalsy();
        expect(outer[i] && each).toBeFalsy();
        expect(both[i]).toBe(inner[i] | outer[i]);
      });
    }),
    { numRuns: 30 },
  );
});

test("a hole is what no way leads out of", () => {
  fc.assert(
    fc.property(set, (inside) => {
      const filled = holes(inside, SIDE);

      const atEdge = (i: number) =>
        at(i).x === 0 || at(i).y === 0 || at(i).x === SIDE - 1 || at(i).y === SIDE - 1;
      inside.forEach((each, i) => {
        const out = each === 0 && floodCells(SIDE, SIDE, i, (j) => !inside[j]).some(atEdge);
        expect(filled[i]).toBe(each || out ? 0 : 1);
      });
    }),
    { numRuns: 20 },
  );
});

test("what a class gives up goes to its nearest neighbour", () => {
  const plane = Uint8Array.of(2, 1, 1, 1, 3);

  expect([...otherCodes(plane, 5, Uint32Array.of(1, 3), 1)]).toEqual([2, 3]);
});

test("a plane of one class has nobody to give to", () => {
  const plane = new Uint8Array(9).fill(1);

  expect([...otherCodes(plane, 3, Uint32Array.of(0, 4), 1)]).toEqual([1, 1]);
});

test("pieces are of one code, connected, and largest first", () => {
  const plane = Uint8Array.of(1, 1, 0, 2, 2, 2, 1, 0, 1);

  const pieces = piecesOf(plane, 3, (i) => plane[i] !== 0, 1);

  expect(pieces.map(({ code, cells }) => [code, [...cells].sort()])).toEqual([
    [2, [3, 4, 5]],
    [1, [0, 1]],
    [1, [6]],
    [1, [8]],
  ]);
});

test("the threshold parts two groups, however many there are of each", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 3, maxLength: 40 }),
      fc.array(fc.integer({ min: 400, max: 500 }), { minLength: 3, maxLength: 40 }),
      (dark, bright) => {
        const plane = Uint16Array.from([...dark, ...bright]);
        const cells = Uint32Array.from(plane.keys());

        const limit = otsu(plane, cells);

        expect(beyond(plane, cells, limit, true).length).toBe(dark.length);
        expect(beyond(plane, cells, limit, false).length).toBe(bright.length);
      },
    ),
  );
});

test("a loop of one value has no threshold", () => {
  expect(otsu(new Uint16Array(9).fill(7), Uint32Array.of(1, 2, 3))).toBeNaN();
});

test("a wand stops where any of its bands differs", () => {
  const red = Uint16Array.of(10, 12, 30);
  const blue = Uint16Array.of(5, 90, 5);

  expect([0, 1, 2].map(valuesLike([red, blue], 0, 4))).toEqual([true, false, false]);
  expect([0, 1, 2].map(valuesLike([red], 0, 4))).toEqual([true, true, false]);
});

test("superpixels follow a border between dark and bright", () => {
  const side = 48;
  const band = Uint16Array.from({ length: side * side }, (_, i) => (i % side < 21 ? 400 : 3000));

  const owner = superpixels([standardised(band)], side, side);

  const dark = new Set(Array.from(owner).filter((_, i) => i % side < 21));
  const bright = new Set(Array.from(owner).filter((_, i) => i % side >= 21));
  expect([...dark].filter((each) => bright.has(each))).toEqual([]);
});

test("groups hold every cell once", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { minLength: 1, maxLength: 60 }), (numbers) => {
      const groups = groupsOf(Uint16Array.from(numbers));

      const all = groupCells(groups, Uint32Array.from(numbers.keys()));
      expect([...all].sort((a, b) => a - b)).toEqual([...numbers.keys()]);
      expect(
        [...groupCells(groups, Uint32Array.of(0))].every((i) => numbers[i] === numbers[0]),
      ).toBe(true);
    }),
  );
});

test("another drawing taken over is one step, and undo brings one's own back", () => {
  const code = fc.constantFrom(0, 1, 254, UNLABELLED);
  const plane = fc
    .array(code, { minLength: 25, maxLength: 25 })
    .map((each) => Uint8Array.from(each));
  fc.assert(
    fc.property(plane, plane, (mine, theirs) => {
      const drawing = emptyDrawing(5, 5, new Uint8Array(25).fill(1));
      const edits = new Edits(drawing);
      const of = (label: Uint8Array) => ({
        label,
        provenance: label.map((c) => (c === 255 ? 0 : 1)),
      });
      edits.apply(replace(drawing, of(mine)));

      edits.apply(replace(drawing, of(theirs)));
      expect([...drawing.label]).toEqual([...theirs]);

      if (String(mine) !== String(theirs)) edits.undo();
      expect([...drawing.label]).toEqual([...mine]);
    }),
  );
});
