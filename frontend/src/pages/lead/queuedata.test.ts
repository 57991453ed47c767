import { expect, test } from "vitest";
import type { Lane, Queue } from "../../api/lead";
import { ageOf, forecast, laneRows, spanOf } from "./queuedata";

const lane = (more: Partial<Lane> = {}) =>
  ({ lane: "active", waiting: 12, oldest: null, empty_in_days: 3, ...more }) as Lane;

test("long spans are days, short ones hours and minutes", () => {
  expect(spanOf(3 * 86_400)).toBe("3 days");
  expect(spanOf(7200)).toBe("2 h 0 min");
});

test("nothing is younger than now", () => {
  const noon = Date.parse("2026-06-01T12:00:00Z");

  expect(ageOf("2026-06-01T12:00:30Z", noon)).toBe("0 s");
  expect(ageOf("2026-05-30T12:00:00Z", noon)).toBe("2 days");
});

test("the forecast tells an empty lane from one that nobody takes from", () => {
  expect(forecast(lane())).toBe("3 days");
  expect(forecast(lane({ waiting: 0, empty_in_days: 0 }))).toBe("empty");
  expect(forecast(lane({ empty_in_days: null }))).toBe("nobody takes any");
});

test("every row that is saved has a cell for each column", () => {
  const rows = laneRows({
    lanes: [lane()],
    review: { waiting: 1, in_hand: 0, oldest: null },
    rules: {},
  } as unknown as Queue);

  expect(new Set(rows.map((row) => row.length)).size).toBe(1);
});
