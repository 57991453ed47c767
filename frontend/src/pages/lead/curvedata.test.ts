import { expect, test } from "vitest";
import type { Curve, CurveFigure } from "../../api/lead";
import { curveOf, curveRows, inWords, MEAN } from "./curvedata";

const CLASSES = [
  { name: "clear", colour: "#3b7d4f" },
  { name: "shadow", colour: "#9b5de5" },
];

const figure = (value: number | null): CurveFigure =>
  value === null
    ? { value, low: null, high: null }
    : { value, low: value - 0.1, high: value + 0.1 };

const point = (round: number, labels: number, iou: Record<string, number | null>) => ({
  round,
  strategy: "auto",
  labels,
  hours: round * 2,
  mean: figure(0.5),
  iou: Object.fromEntries(Object.entries(iou).map(([name, value]) => [name, figure(value)])),
  control: figure(null),
  active: figure(null),
});

const curve = (...points: Curve["points"]): Curve => ({
  points,
  split: "validation",
  level: 0.95,
  scenes: 7,
});

test("rounds go by labels or by hours, with the ends of their intervals", () => {
  const found = curve(point(2, 24, { clear: 0.9 }), point(1, 44, { clear: 0.8 }));

  expect(curveOf(found, CLASSES, "labels", "#fff").x).toEqual([24, 44]);
  const { x, lines } = curveOf(found, CLASSES, "hours", "#fff");
  expect(x).toEqual([2, 4]);
  expect(lines.map(({ name }) => name)).toEqual([MEAN, "clear"]);
  expect(lines[1].low?.[0]).toBeCloseTo(0.7);
  expect(lines[1].high?.[1]).toBeCloseTo(1);
});

test("a class that could not be measured in one round leaves a gap there", () => {
  const found = curve(
    point(1, 24, { clear: 0.8, shadow: null }),
    point(2, 44, { clear: 0.9, shadow: 0.3 }),
  );

  const shadow = curveOf(found, CLASSES, "labels", "#fff").lines.at(-1)!;

  expect(shadow).toMatchObject({ name: "shadow", values: [null, 0.3] });
  expect(shadow.low?.[0]).toBeNull();
});

test("control and chosen tiles are lines of their own once they are labelled", () => {
  const first = { ...point(1, 24, {}), control: figure(0.6), active: figure(0.4) };

  const { lines } = curveOf(curve(first, point(2, 44, {})), CLASSES, "labels", "#fff");

  expect(lines.map(({ name, values }) => [name, values])).toEqual([
    [MEAN, [0.5, 0.5]],
    ["on control tiles", [0.6, null]],
    ["on chosen tiles", [0.4, null]],
  ]);
  expect(new Set(lines.map(({ dash }) => String(dash))).size).toBe(3);
  const [head, row] = curveRows(curve(first), CLASSES);
  expect(row[head.indexOf("on control tiles IoU")]).toBe(0.6);
  expect(row[head.indexOf("on chosen tiles high")]).toBeCloseTo(0.5);
});

test("rounds from as many labels keep their order, and the axis ascends", () => {
  const found = curve(point(1, 24, {}), point(2, 24, {}), point(3, 24, {}));

  const { x } = curveOf(found, CLASSES, "labels", "#fff");

  expect(x[0]).toBe(24);
  expect(x[1]).toBeGreaterThan(x[0]);
  expect(x[2]).toBeGreaterThan(x[1]);
  expect(x[2]).toBeCloseTo(24, 3);
});

test("no rounds are no curve", () => {
  expect(curveOf(curve(), CLASSES, "labels", "#fff").x).toEqual([]);
  expect(curveRows(curve(), CLASSES)).toHaveLength(1);
});

test("what is saved has a column for each figure and end, and empty ones where there is none", () => {
  const [head, row] = curveRows(curve(point(1, 24, { shadow: null })), CLASSES);

  expect(head).toHaveLength(16);
  expect(row.slice(0, 4)).toEqual([1, "auto", 24, 2]);
  expect(row.slice(13)).toEqual([null, null, null]);
});

test("those who don't see the chart hear its figures", () => {
  expect(inWords(curve(point(1, 24, {})))).toContain("0.50 (0.40 to 0.60) at 24");
});
