import { expect, test } from "vitest";
import type { Monitor } from "../../api/lead";
import { controlLines, controlRows, points, rangeOf } from "./monitordata";

const round = (n: number, value: number | null) => ({
  round: n,
  model: "ab",
  labelled: 10 * n,
  tiles: 4,
  products: 3,
  accuracy: value === null ? null : { value, low: value - 0.1, high: value + 0.1 },
  mean_iou: null,
});

const control = { rounds: [round(1, 0.7), round(2, null)] } as unknown as Monitor["control"];

test("a round without an estimate leaves a gap in the line and in its band", () => {
  const [accuracy, iou] = controlLines(control);

  expect(accuracy.values).toEqual([0.7, null]);
  expect(accuracy.high?.[0]).toBeCloseTo(0.8);
  expect(accuracy.low?.[1]).toBeNull();
  expect(iou.values).toEqual([null, null]);
  expect(new Set(controlRows(control).map((row) => row.length)).size).toBe(1);
});

test("differences are told in points, and nothing is not negative", () => {
  expect([0.012, -0.05, -0.0001].map(points)).toEqual(["1.2 points", "−5.0 points", "0.0 points"]);
  expect(rangeOf({ value: 0.02, low: -0.01, high: 0.05 })).toBe("+0.020 (−0.010 to +0.050)");
});
