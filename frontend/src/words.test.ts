import { expect, test } from "vitest";
import { annotatePath, leadPath, routeOf } from "./route";
import { countdown, counted, day, duration, grouped, percent } from "./words";

test("numbers are grouped by thousands", () => {
  expect([grouped(7), grouped(1234), grouped(12345678)]).toEqual([
    "7",
    "1\u202f234",
    "12\u202f345\u202f678",
  ]);
});

test("a share that is nearly nothing or nearly all is not rounded to it", () => {
  expect(
    [0, 0.0004, 0.004, 0.5, 0.9996, 1].map(percent).map((s) => s.replace("\u202f", " ")),
  ).toEqual(["0 %", "< 0.1 %", "0.4 %", "50 %", "99.9 %", "100 %"]);
});

test("a countdown stops at nothing", () => {
  expect([1800, 61, 9.2, -4].map(countdown)).toEqual(["30:00", "1:01", "0:10", "0:00"]);
});

test("lengths of time come in the unit people would use", () => {
  expect([45, 200, 7500].map(duration)).toEqual(["45 s", "3 min", "2 h 5 min"]);
});

test("a tile without a date says so", () => {
  expect([day("2026-05-29T09:50:31Z"), day(null)]).toEqual(["2026-05-29", "no date"]);
});

test("one tile, two tiles", () => {
  expect([counted(1, "tile"), counted(2, "tile")]).toEqual(["1 tile", "2 tiles"]);
});

test("every page has an address and every address its page", () => {
  expect(routeOf("/")).toEqual({ page: "home" });
  expect(routeOf(annotatePath("north"))).toEqual({ page: "annotate", campaign: "north" });
  expect(routeOf(leadPath("north"))).toEqual({ page: "lead", campaign: "north" });
  expect(routeOf("/lead/")).toEqual({ page: "unknown" });
});
