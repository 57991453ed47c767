import { expect, test } from "vitest";
import type { CvatStatus } from "../../api/types";
import { health, held, lag } from "./cvatdata";

const well = {
  breaker: "closed",
  failing_since: null,
  last_error: "",
  answered: "2026-06-01T12:00:00Z",
  unfetched: 0,
  lag_seconds: 0,
  held: {},
} as unknown as CvatStatus;

test("a server that is well and up to date says so", () => {
  expect(health(well)).toContain("CVAT answered at");
  expect(lag(well)).toBe("All changes are taken in.");
});

test("a server that is away says since when and why", () => {
  const away = { ...well, breaker: "open", failing_since: "2026-06-01T12:00:00Z" };

  expect(health({ ...away, last_error: "It was slow." })).toMatch(/since .*: It was slow\./);
});

test("what waits says how old it is", () => {
  expect(lag({ ...well, unfetched: 2, lag_seconds: 180 })).toBe(
    "2 changes not taken in yet, the oldest 3 min old.",
  );
});

test("what is held is told in words, the commonest first, and a new code as it is", () => {
  expect(held({ ...well, held: { empty: 1, brand_new: 3 } })).toEqual([
    ["brand_new", 3],
    ["nothing drawn", 1],
  ]);
});
