import { expect, test } from "vitest";
import type { Marks } from "./marks";
import { partToDraw } from "./redraw";
import type { Frame } from "./stage";

const VIEWPORT = { scale: 2, left: 10, top: 20 };
const REGIONS: Marks["regions"] = [];
const PANE = { left: 0, top: 0, width: 600, height: 500 };

function frame(marks: Partial<Marks> = {}, more: Partial<Frame> = {}): Frame {
  const pointer = { cursor: null, brush: 9, corners: [], colour: "#f2c14e" };
  return {
    panes: [{ ...PANE }],
    viewport: VIEWPORT,
    opacity: 0.5,
    heat: 0,
    marks: { ...pointer, sprites: [], regions: REGIONS, ruler: [], ...marks },
    ...more,
  };
}

test("a frame like the one before is not drawn", () => {
  expect(partToDraw(frame(), frame(), null)).toBeNull();
});

test("a moved pointer is drawn where it was and where it is", () => {
  const part = partToDraw(
    frame({ cursor: { x: 10, y: 10 } }),
    frame({ cursor: { x: 50, y: 10 } }),
    null,
  );

  // The circle is 9 pixels wide, at twice the size, with a rim of 3.
  expect(part).toEqual({ left: 19, right: 123, top: 29, bottom: 53 });
});

test("changed cells are drawn, and nothing else", () => {
  const cells = { left: 5, top: 6, right: 8, bottom: 9 };

  expect(partToDraw(frame(), frame(), cells)).toEqual({ left: 17, top: 29, right: 29, bottom: 41 });
});

test.each<[string, Frame]>([
  ["the view moved", frame({}, { viewport: { ...VIEWPORT } })],
  ["the mask is stronger", frame({}, { opacity: 0.6 })],
  ["the heat map is shown", frame({}, { heat: 0.5 })],
  ["there are more panes", frame({}, { panes: [PANE, PANE] })],
  ["the window is smaller", frame({}, { panes: [{ ...PANE, width: 500 }] })],
  ["a region was done", frame({ regions: [] })],
  ["a polygon follows the pointer", frame({ corners: [{ x: 1, y: 1 }] })],
  ["the ruler follows the pointer", frame({ ruler: [{ height: 1000, x: 9, y: 9 }] })],
  [
    "another piece is outlined",
    frame({ sprites: [{ canvas: {} as HTMLCanvasElement, left: 0, top: 0 }] }),
  ],
])("all of it is drawn again where %s", (_, now) => {
  expect(partToDraw(frame(), now, null)).toBe("all");
  expect(partToDraw(now, frame(), null)).toBe("all");
});
