import { expect, test } from "vitest";
import { ordinal, partsOf, provisional } from "./batchdata";

const nothing = { quota: "", noise: null, standing: null, probability: null, likeness: null };

test("only what had a part is told", () => {
  expect(partsOf(nothing)).toEqual([]);
  expect(partsOf({ ...nothing, noise: 0, standing: 0 })).toEqual([]);
  expect(
    partsOf({ quota: "shadow", noise: -0.123, standing: 22, probability: 0.05, likeness: 0 }),
  ).toEqual([
    "quota shadow",
    "22nd by score alone",
    "noise −0.12",
    expect.stringMatching(/^drawn with chance 5.%$/),
    "likeness 0.00",
  ]);
});

test("places are told as they are spoken", () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal)).toEqual([
    "1st",
    "2nd",
    "3rd",
    "4th",
    "11th",
    "12th",
    "13th",
    "21st",
    "112th",
  ]);
});

test("an order that an older model made, or that is being replaced, is provisional", () => {
  const batch = { round: 4, outdated: false };

  expect(provisional(batch, null)).toBe("");
  expect(provisional({ ...batch, outdated: true }, null)).toContain("another model ranks by now");
  expect(provisional(batch, { n: 5 })).toContain("until round 5 has ranked the pool");
});
