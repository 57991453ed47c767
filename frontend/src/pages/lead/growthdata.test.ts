import { expect, test } from "vitest";
import type { Growth } from "../../api/lead";
import { evenness, partRows, stackOf, targetLine } from "./growthdata";

const growth = (more: Partial<Growth> = {}): Growth => ({
  tiles: 30,
  scenes: 10,
  pixels: 100,
  target: { tiles: 100, date: "2026-06-29" },
  classes: [
    { code: 0, name: "clear", colour: "#3b7d4f", tiles: 20, scenes: 9, pixels: 75 },
    { code: 3, name: "shadow", colour: "#9b5de5", tiles: 5, scenes: 2, pixels: 25 },
  ],
  months: [{ name: "06", tiles: 30, scenes: 10, pixels: { "3": 25, "0": 75 } }],
  places: [],
  sources: [],
  weeks: [
    { first: "2026-06-01", tiles: 10 },
    { first: "2026-06-08", tiles: 30 },
  ],
  ...more,
});

test("balance is 1 for even classes and 0 for one", () => {
  const [clear, shadow] = growth().classes;

  expect(evenness(growth())).toBeCloseTo(0.811);
  expect(
    evenness(
      growth({
        classes: [
          { ...clear, pixels: 50 },
          { ...shadow, pixels: 50 },
        ],
      }),
    ),
  ).toBeCloseTo(1);
  expect(
    evenness(
      growth({
        classes: [
          { ...clear, pixels: 100 },
          { ...shadow, pixels: 0 },
        ],
      }),
    ),
  ).toBe(0);
});

test("a bar is divided in the order of the classes and adds up", () => {
  const stack = stackOf(growth().months[0], growth().classes);

  expect(stack.map(({ name, share }) => [name, share])).toEqual([
    ["clear", 0.75],
    ["shadow", 0.25],
  ]);
  expect(stackOf({ name: "x", tiles: 1, scenes: 1, pixels: {} }, growth().classes)).toEqual([]);
});

test("the target's line goes from the first week to its day, also beyond the last week", () => {
  const { x, tiles, target } = targetLine(growth());

  expect(tiles).toEqual([10, 30, null]);
  expect(target![0]).toBe(10);
  expect(target![1]).toBeCloseTo(32.5);
  expect(target![2]).toBe(100);
  expect(x[2]).toBe(Date.parse("2026-06-29T00:00:00Z") / 1000);
});

test("a target between two weeks ends there, one without a day has no line", () => {
  const between = targetLine(growth({ target: { tiles: 40, date: "2026-06-04" } }));

  expect(between.tiles).toEqual([10, null, 30]);
  expect(between.target).toEqual([10, 40, null]);
  expect(targetLine(growth({ target: { tiles: 40, date: null } })).target).toBeNull();
  expect(targetLine(growth({ target: { tiles: 40, date: "soon" } })).target).toBeNull();
});

test("what is saved has a column a class", () => {
  expect(partRows(growth(), "months")).toEqual([
    ["months", "tiles", "scenes", "clear pixels", "shadow pixels"],
    ["06", 30, 10, 75, 25],
  ]);
});
