import fc from "fast-check";
import { expect, test } from "vitest";
import { changes, Differs, difference, tally } from "./difference";

const cloud = (code: number) => code === 1;

test("each cell says who names the class", () => {
  const author = Uint8Array.of(1, 1, 0, 0, 255, 1);
  const model = Uint8Array.of(1, 0, 1, 3, 1, 254);

  expect([...difference(author, model, cloud)]).toEqual([
    Differs.both,
    Differs.first,
    Differs.second,
    Differs.neither,
    Differs.unsaid,
    Differs.unsaid,
  ]);
});

const code = fc.constantFrom(0, 1, 2, 3, 254, 255);
const pair = fc
  .array(fc.tuple(code, code), { maxLength: 60 })
  .map((cells) => [Uint8Array.from(cells, ([a]) => a), Uint8Array.from(cells, ([, b]) => b)]);

test("the other way round, the first is the second", () => {
  fc.assert(
    fc.property(pair, ([a, b]) => {
      const there = tally(difference(a, b, cloud));
      const back = tally(difference(b, a, cloud));
      expect(back).toEqual({ ...there, first: there.second, second: there.first });
      expect(Object.values(there).reduce((sum, n) => sum + n, 0)).toBe(a.length);
    }),
  );
});

test("a mask differs from itself nowhere", () => {
  fc.assert(
    fc.property(pair, ([a]) => {
      expect(tally(difference(a, a, cloud))).toMatchObject({ first: 0, second: 0 });
      expect(changes(a, a)).toEqual([]);
    }),
  );
});

test("changes name every cell that changed, the most common first", () => {
  const found = changes(Uint8Array.of(0, 0, 3, 1, 255), Uint8Array.of(1, 1, 0, 1, 254));

  expect(found).toEqual([
    { from: 0, to: 1, cells: 2 },
    { from: 3, to: 0, cells: 1 },
    { from: 255, to: 254, cells: 1 },
  ]);
});

test("masks of different tiles are refused", () => {
  expect(() => difference(new Uint8Array(3), new Uint8Array(4), cloud)).toThrow(RangeError);
});
