import { beforeEach, expect, test } from "vitest";
import type { Campaign } from "../../api/types";
import { campaign } from "./desk";
import { activeCode, corners, takeTool, tool } from "./hand";
import { classKey, keyFor, keyTable } from "./keys";
import { phase } from "./phase";

const CLOUD = { code: 1, name: "cloud", colour: "#f2c14e", hotkey: "2", priority: 3 };
const CLEAR = { code: 0, name: "clear", colour: "#3b7d4f", hotkey: "1", priority: 0 };

function press(key: string, more: Partial<KeyboardEvent> = {}) {
  const plain = { shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, code: "" };
  return { ...plain, key, ...more };
}

function north(classes = [CLEAR, CLOUD]): Campaign {
  return {
    slug: "north",
    name: "North",
    tile_size: 512,
    bands: ["B02"],
    schema: { version: 1, classes },
    composites: [],
    strategy: "auto",
    strategies: ["auto"],
    batch_size: 20,
    role: "annotator",
    synthetic: false,
  };
}

beforeEach(() => {
  campaign.value = north();
  corners.value = [];
  phase.value = { name: "drawing" };
  takeTool("brush");
});

test("no two lines of the help sheet answer to the same key at the same time", () => {
  const always = keyTable().filter(({ when }) => !when || when());
  const chords = always.flatMap((key) => key.chords);

  expect(chords.length).toBe(new Set(chords).size);
});

test("Enter alone does nothing, with Shift it submits", () => {
  expect(keyFor(press("Enter"))).toBeUndefined();
  expect(keyFor(press("Enter", { shiftKey: true }))?.does).toBe("Submit and next tile");
});

test("Enter closes a polygon while there is one", () => {
  takeTool("polygon");
  corners.value = [{ x: 1, y: 1 }];

  expect(keyFor(press("Enter"))?.does).toBe("Close the polygon");
});

test("a class is taken by its hotkey, whatever Shift does to digits on this keyboard", () => {
  takeTool("eraser");

  keyFor(press("é", { code: "Digit2" }))?.run("2");

  expect(activeCode.value).toBe(1);
  expect(tool.value).toBe("brush");
});

test("unsure gets the next free digit", () => {
  expect(keyFor(press("3", { code: "Digit3" }))?.does).toBe("Paint unsure");
});

test("a class can't take a key from the page", () => {
  const brush = { ...CLOUD, hotkey: "b" };
  campaign.value = north([CLEAR, brush]);

  expect(keyFor(press("b"))?.does).toBe("Brush");
  expect(classKey(brush)).toBe("");
});

test("brackets typed with AltGr are still brackets", () => {
  expect(keyFor(press("[", { code: "Digit8", ctrlKey: true, altKey: true }))?.shown).toBe("[");
});

test("while a tile is being submitted nothing can be undone", () => {
  phase.value = { name: "submitting" };

  expect(keyFor(press("z"))).toBeUndefined();
});
