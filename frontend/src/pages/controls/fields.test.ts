import { describe, expect, it } from "vitest";
import type { Setting } from "../../api/controls";
import { nameOf, read, same, typed } from "./fields";

const setting = (kind: string, more: Partial<Setting> = {}): Setting => ({
  name: "queue.lease_minutes",
  group: "",
  help: "",
  kind,
  unit: "",
  low: 0,
  high: 10,
  choices: [],
  value: 3,
  default: 3,
  changed: null,
  changed_by: "",
  ...more,
});

describe("a setting in its field", () => {
  it("is named by its last word", () => {
    expect(nameOf({ name: "review.limits.shadow_pixels" })).toBe("shadow pixels");
  });

  it.each([
    ["number", 0.4],
    ["whole", 4],
    ["flag", false],
    ["text", "scl"],
    ["date", "2026-10-31"],
    ["numbers", [1, 0.5]],
    ["codes", [1, 2]],
    ["months", []],
    ["names", ["a", "b"]],
    ["by_class", { shadow: 0.05, "semi: thin": 0.1 }],
  ])("comes back as it was: %s", (kind, value) => {
    expect(read(setting(kind), typed(value))).toEqual({ value });
  });

  it.each([
    ["whole", "2.5"],
    ["number", "11"],
    ["number", "-1"],
    ["number", "a few"],
    ["numbers", "1, x"],
    ["months", "1.5"],
    ["by_class", "shadow"],
    ["by_class", "shadow: much"],
    ["by_class", ": 0.5"],
  ])("that makes no sense is told: %s %s", (kind, text) => {
    expect(read(setting(kind), text)).toHaveProperty("wrong");
  });

  it("goes back to its default when it is emptied", () => {
    expect(read(setting("number"), " ")).toEqual({ value: null });
    expect(same(setting("number"), null, 3)).toBe(true);
    expect(same(setting("number"), 2, 3)).toBe(false);
  });
});
