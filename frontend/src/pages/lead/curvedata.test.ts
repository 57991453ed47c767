import { expect, test } from "vitest";
import type { Round } from "../../api/types";
import { curveOf, MEAN } from "./curvedata";

const CLASSES = [
  { code: 0, name: "clear", colour: "#3b7d4f", pixels: 10 },
  { code: 3, name: "shadow", colour: "#9b5de5", pixels: 0 },
];

function round(n: number, labelled: number, iou: Record<string, number | null> | null): Round {
  const metrics = iou && { split: "validation", class_mean_iou: 0.5 + n / 100, iou };
  return {
    n,
    state: "done",
    strategy: "auto",
    batch: 20,
    step: "done",
    labelled: labelled + 5,
    labelled_pool: labelled,
    labelled_pixels: 1000,
    created: "2026-06-01T00:00:00Z",
    finished: null,
    metrics,
    error: "",
    model: null,
  };
}

test("rounds that were not measured are left out, the others go by labelled tiles", () => {
  const rounds = [round(2, 44, { clear: 0.9 }), round(3, 60, null), round(1, 24, { clear: 0.8 })];

  const curve = curveOf(rounds, CLASSES, "#fff");

  expect(curve.tiles).toEqual([24, 44]);
  expect(curve.rounds).toEqual([1, 2]);
  expect(curve.lines.map(({ name }) => name)).toEqual([MEAN, "clear"]);
});

test("a class that could not be measured in one round leaves a gap there", () => {
  const rounds = [
    round(1, 24, { clear: 0.8, shadow: null }),
    round(2, 44, { clear: 0.9, shadow: 0.3 }),
  ];

  const curve = curveOf(rounds, CLASSES, "#fff");

  expect(curve.lines.at(-1)).toMatchObject({ name: "shadow", values: [null, 0.3] });
});

test("no rounds are no curve", () => {
  expect(curveOf([], CLASSES, "#fff")).toMatchObject({ tiles: [], splits: [] });
});
