import fc from "fast-check";
import { expect, test } from "vitest";
import { npyFile } from "./npy";
import { decodeRuns, encodeRuns } from "./rle";

const runs = fc
  .array(fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 40000 })), { maxLength: 4 })
  .map((pairs) => Uint8Array.from(pairs.flatMap(([value, n]) => new Array<number>(n).fill(value))));

test("what is encoded comes back", () => {
  fc.assert(
    fc.property(fc.oneof(runs, fc.uint8Array({ maxLength: 500 })), (plane) => {
      const decoded = decodeRuns(encodeRuns(plane), plane.length);

      expect(decoded.every((value, cell) => value === plane[cell])).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("a plane of one value takes a few octets", () => {
  expect(encodeRuns(new Uint8Array(512 * 512).fill(255)).length).toBe(4);
});

test("runs that do not fill the plane are refused", () => {
  const octets = encodeRuns(new Uint8Array(10));

  expect(() => decodeRuns(octets, 9)).toThrow(/more than 9/);
  expect(() => decodeRuns(octets, 11)).toThrow(/10 cells, not 11/);
  expect(() => decodeRuns(Uint8Array.of(7, 0x80), 1)).toThrow(/middle of a length/);
});

test("a NumPy file says its shape and starts its data at a multiple of 64", () => {
  const file = npyFile(Uint8Array.of(1, 2, 3, 4), [2, 2]);

  const text = new TextDecoder("latin1").decode(file);
  expect(text).toContain("'descr': '|u1', 'fortran_order': False, 'shape': (2, 2,)");
  expect([...file.slice(-4)]).toEqual([1, 2, 3, 4]);
  expect((file.length - 4) % 64).toBe(0);
  expect(text.indexOf("\n")).toBe(file.length - 5);
});
