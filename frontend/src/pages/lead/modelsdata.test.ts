import { expect, test } from "vitest";
import type { ClassVerdict, Model, ModelPage } from "../../api/types";
import {
  extentOf,
  inWords,
  outcome,
  placeOf,
  rowsOf,
  signed,
  standing,
  stillNeeded,
} from "./modelsdata";

const DIFFERENCE = { value: 0.01, low: -0.03, high: 0.05, p: 0.4, scenes: 9 };

function verdict(more: Partial<ClassVerdict> = {}): ClassVerdict {
  return {
    scenes: 9,
    reference: 12,
    margin: 0.02,
    candidate: 0.81,
    champion: 0.8,
    difference: DIFFERENCE,
    verdict: "unsure",
    ...more,
  };
}

function model(more: Partial<Model> = {}, classes = { shadow: verdict() }): Model {
  return {
    hash: "ab".repeat(32),
    state: "candidate",
    round: 3,
    snapshot: null,
    created: "2026-06-01T12:00:00Z",
    class_mean_iou: 0.7,
    features: "sqrt",
    decided: null,
    decision: {
      promote: false,
      reasons: ["It may lose more than 0.02 IoU in shadow."],
      needs: { shadow: 7 },
      champion: "cd".repeat(32),
      classes,
      calibration: null,
      tiles: 12,
      scenes: 9,
      synthetic: true,
      by_hand: null,
    },
    ...more,
  };
}

const page = (results: Model[], champion: Model | null = null): ModelPage => ({
  results,
  champion,
  cursor: null,
  test_openings: 0,
});

test("one scale holds every range and every margin", () => {
  const wide = verdict({ difference: { ...DIFFERENCE, low: -0.4 } });
  const rows = rowsOf(model({}, { shadow: verdict(), cloud: wide } as never));

  const extent = extentOf(rows);

  expect(extent).toBeCloseTo(0.44);
  for (const { difference } of rows) {
    expect(placeOf(difference!.low, extent)).toBeGreaterThan(0);
    expect(placeOf(difference!.high, extent)).toBeLessThan(100);
  }
  expect(placeOf(0, extent)).toBe(50);
  expect(placeOf(-9, extent)).toBe(0);
});

test("a class that nothing can be told of has no range and asks for scenes", () => {
  const absent = verdict({ scenes: 0, difference: null, verdict: "cannot tell" });
  const [row] = rowsOf(model({}, { shadow: absent }));

  expect(row.difference).toBeNull();
  expect(stillNeeded(row)).toBe("about 7 more scenes");
  expect(inWords(row)).toBe("shadow: no difference can be told");
  expect(extentOf([row])).toBeGreaterThan(0);
});

test("where more scenes don't help, a better model is asked for", () => {
  const losing = rowsOf(model({}, { shadow: verdict({ verdict: "loses" }) }))[0];

  expect(stillNeeded({ ...losing, needs: 0 })).toBe("a better model");
  expect(stillNeeded({ ...losing, needs: 0, verdict: "holds" })).toBe("–");
  expect(stillNeeded({ ...losing, needs: 0, verdict: "cannot tell" })).toBe("–");
  expect(stillNeeded({ ...losing, needs: 1 })).toBe("about 1 more scene");
});

test("differences carry their sign, and nothing is not negative", () => {
  expect([0.0123, -0.0123, -0.00001].map(signed)).toEqual(["+0.012", "−0.012", "0.000"]);
});

test("who ranks is said also while there is no champion", () => {
  expect(standing(page([]))).toBe("");
  expect(standing(page([model()]))).toContain("no champion yet");
  expect(standing(page([], model({ round: null })))).toContain("The model of abababab is champion");
});

test("what became of the newest model is said, by whom it was promoted too", () => {
  const byHand = { who: "lea", why: "shadows", when: "2026-06-01T12:00:00Z" };
  const decision = { ...model().decision!, by_hand: byHand };

  expect(outcome(null)).toBe("");
  expect(outcome(model({ decision: null }))).toBe("");
  expect(outcome(model())).toBe("It was kept back.");
  expect(outcome(model({ state: "champion" }))).toBe("It was promoted by the rules.");
  expect(outcome(model({ state: "champion", decision }))).toBe(
    "It was promoted by hand by lea: shadows",
  );
});
