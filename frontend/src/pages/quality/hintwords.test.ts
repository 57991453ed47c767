import { expect, test } from "vitest";
import { estimated, pullInWords, share } from "./hintwords";

test("a mean is told with its interval, a negative one with its sign", () => {
  expect(estimated({ mean: 0.12, interval: [0.09, 0.15], tiles: 9 })).toBe("12\u202f% (9 … 15)");
  expect(estimated({ mean: -0.12, interval: [-0.2, 0.01], tiles: 9 })).toBe("−12\u202f% (−20 … 1)");
  expect(estimated({ mean: 0.5, interval: null, tiles: 1 })).toBe("50\u202f%");
  expect(estimated({ mean: null, interval: null, tiles: 0 })).toBe("–");
  expect(share(null)).toBe("–");
});

test("a pull is claimed only where the interval leaves chance out", () => {
  expect(pullInWords({ mean: 0.1, interval: [0.02, 0.2], tiles: 9 })).toContain("Yes");
  expect(pullInWords({ mean: 0.1, interval: [-0.02, 0.2], tiles: 9 })).toContain("chance");
  expect(pullInWords({ mean: -0.1, interval: [-0.2, -0.02], tiles: 9 })).toContain("further");
  expect(pullInWords({ mean: 0.1, interval: null, tiles: 1 })).toContain("can’t be told");
});
