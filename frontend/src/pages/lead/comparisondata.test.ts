import { expect, test } from "vitest";
import type { Comparison } from "../../api/lead";
import { bufferLines, bufferOf, bufferRows, figureWords } from "./comparisondata";

const figure = (value: number) => ({ value, low: value - 0.01, high: value + 0.01 });
const buffer = [
  { radius: 0, leaked: figure(0.2), lost: figure(0.05) },
  { radius: 1, leaked: figure(0.1), lost: figure(0.08) },
];

const comparison = (more: object) => ({ model: null, masks: [], ...more }) as unknown as Comparison;

test("the model comes first, and what has no geometry is left out", () => {
  const found = bufferOf(
    comparison({
      model: { suite: { buffer } },
      masks: [
        { name: "scl 1", suite: { buffer } },
        { name: "fast", suite: {} },
        { name: "silent", suite: null },
      ],
    }),
  );

  expect(found.map(({ name }) => name)).toEqual(["the model", "scl 1"]);
  expect(bufferOf(comparison({}))).toEqual([]);
});

test("one line falls, one rises, each with the ends of its interval", () => {
  const [leaked, lost] = bufferLines({ name: "x", rows: buffer });

  expect(leaked.values).toEqual([0.2, 0.1]);
  expect(lost.values).toEqual([0.05, 0.08]);
  expect(lost.high?.[1]).toBeCloseTo(0.09);
  expect(bufferRows([{ name: "x", rows: buffer }])[1]).toHaveLength(8);
});

test("a figure without an interval stands alone", () => {
  expect(figureWords(figure(0.5))).toBe("0.500 [0.49, 0.51]");
  expect(figureWords({ value: 0.5, low: null, high: null })).toBe("0.500");
  expect(figureWords({ value: null, low: null, high: null })).toBe("–");
});
