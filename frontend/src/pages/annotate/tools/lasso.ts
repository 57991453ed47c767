/**
 * A loop drawn by hand, and inside it what a band puts apart: one gesture for a field of small clouds. The
 * threshold starts where it parts the loop best, and can be moved until the next edit.
 */
import { signal } from "@preact/signals";
import type { Point } from "../../../editor/brush";
import { Provenance } from "../../../editor/codes";
import { polygonCells } from "../../../editor/polygon";
import { beyond, otsu } from "../../../editor/threshold";
import { change, choices, paintCells, undo, work } from "../desk";
import { activeCode, corners, lookedAt } from "../hand";
import { planeOf, view } from "../views";
import type { Tool } from "./tool";

export interface Lassoed {
  cells: Uint32Array;
  plane: ArrayLike<number>;
  band: string;
  threshold: number;
  /** One press of a key moves the threshold by so much. */
  step: number;
  dark: boolean;
  code: number;
  /** Of the last change: after another one the lasso is done. */
  count: number;
}

/** The loop drawn last, as long as its threshold can still be moved. */
export const lassoed = signal<Lassoed | null>(null);

export const lasso: Tool = {
  down(at) {
    lassoed.value = null;
    corners.value = [at];
  },
  move(at) {
    const last = corners.value.at(-1);
    if (last && Math.hypot(last.x - at.x, last.y - at.y) >= 1)
      corners.value = [...corners.value, at];
  },
  up() {
    const loop = corners.value;
    corners.value = [];
    closeLoop(loop);
  },
  drop() {
    corners.value = [];
  },
};

/** Whether the threshold of the last loop can still be moved. */
export const isLive = () => lassoed.value !== null && lassoed.value.count === change.value.count;

/** Move the threshold by so many steps; what the loop labelled is labelled anew. */
export function moveThreshold(steps: number): void {
  const now = lassoed.value;
  if (!now || !isLive()) return;
  redraw({ ...now, threshold: now.threshold + steps * now.step });
}

/** Take the other side of the threshold: the dark instead of the bright, or the other way round. */
export function turnThreshold(): void {
  const now = lassoed.value;
  if (now && isLive()) redraw({ ...now, dark: !now.dark });
}

function closeLoop(loop: Point[]): void {
  const held = work.value!;
  const { width, height, valid } = held.edits.drawing;
  const cells = polygonCells(width, height, loop).filter((i) => valid[i]);
  if (!cells.length) return;
  const band = bandLookedAt();
  const chosen = planeOf(held, band);
  if (!chosen) {
    paintCells(cells, activeCode.value, Provenance.painted);
    return;
  }
  const threshold = otsu(chosen.plane, cells);
  draw({
    cells,
    plane: chosen.plane,
    band,
    threshold,
    step: 2 * chosen.step,
    dark: isDark(activeCode.value),
    code: activeCode.value,
    count: 0,
  });
}

/** The band chosen for tools, else the first band of the view. */
export const bandLookedAt = (): string => lookedAt.value || view.value?.bands[0] || "";

function redraw(next: Lassoed): void {
  if (madeSteps) undo();
  draw(next);
}

let madeSteps = false;

function draw(next: Lassoed): void {
  const { cells, plane, threshold, dark, code } = next;
  const before = change.value.count;
  const inside = Number.isNaN(threshold) ? cells : beyond(plane, cells, threshold, dark);
  paintCells(inside, code, Provenance.propagated);
  madeSteps = change.value.count !== before;
  lassoed.value = { ...next, count: change.value.count };
}

// Shadow is the dark of a loop, cloud its bright.
function isDark(code: number): boolean {
  const name = choices.value.find((choice) => choice.code === code)?.name.toLowerCase() ?? "";
  return name.includes("shadow") || name === "clear";
}
