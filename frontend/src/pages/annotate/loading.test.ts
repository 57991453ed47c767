import { expect, test } from "vitest";
import { chosen, type Earlier } from "./loading";

const planes = { label: Uint8Array.of(1), provenance: Uint8Array.of(1) };
const there = (base: number): Earlier => ({ planes, savedAt: 2, base, trouble: null });
const here = (base: number, sent: boolean) => ({ ...there(base), savedAt: 1, sent });

test("without a drawing in this browser the server's is taken up", () => {
  expect(chosen(null, there(3))).toEqual(there(3));
});

test("what the server lacks is gone on with", () => {
  expect(chosen(here(3, false), there(3)).savedAt).toBe(1);
});

test("another machine's newer drawing is taken up where nothing is unsent here", () => {
  expect(chosen(here(3, true), there(5))).toEqual(there(5));
});

test("where both went on, the person is told", () => {
  const both = chosen(here(3, false), there(5));

  expect(both.savedAt).toBe(1);
  expect(both.trouble).toBe("newer elsewhere");
});

test("a drawing whose draft is gone from the server begins a new one there", () => {
  expect(chosen(here(4, true), null).base).toBe(0);
});

test("what can't be read here doesn't hide what the server has", () => {
  const spoilt = { ...here(3, false), planes: null, trouble: "unreadable" as const };

  expect(chosen(spoilt, there(3)).planes).toBe(planes);
  expect(chosen(spoilt, null).trouble).toBe("unreadable");
});
