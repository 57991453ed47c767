import { expect, test } from "vitest";
import { kappas } from "./peopledata";

test("a person's agreement is the mean over the tiles labelled beside others", () => {
  const found = kappas([
    { people: ["ana", "ben"], tiles: 3, kappa: 0.9 },
    { people: ["ana", "cem"], tiles: 1, kappa: 0.5 },
    { people: ["ben", "cem"], tiles: 5, kappa: null },
  ]);

  expect(found.get("ana")).toBeCloseTo(0.8);
  expect(found.get("ben")).toBeCloseTo(0.9);
  expect(found.get("cem")).toBeCloseTo(0.5);
  expect(found.get("dan")).toBeUndefined();
});
