import type { Point } from "../../../editor/brush";
import { Provenance } from "../../../editor/codes";
import { polygonCells } from "../../../editor/polygon";
import { toScreen } from "../../../editor/viewport";
import { paintCells, work } from "../desk";
import { activeCode, corners } from "../hand";
import { viewport } from "../look";
import type { Tool } from "./tool";

const NEAR = 8; // screen pixels within which a click means the first corner

/** Each click sets a corner; a click on the first one closes the polygon. */
export const polygon: Tool = {
  down(at) {
    if (corners.value.length > 2 && isNear(at, corners.value[0])) closePolygon();
    else if (!repeatsLast(at)) corners.value = [...corners.value, at];
  },
  move() {},
  up() {},
};

export function closePolygon(): void {
  if (!work.value || corners.value.length < 3) return;
  const { width, height } = work.value.edits.drawing;
  const cells = polygonCells(width, height, corners.value);
  corners.value = [];
  paintCells(cells, activeCode.value, Provenance.painted);
}

export function dropCorner(): void {
  corners.value = corners.value.slice(0, -1);
}

export function dropPolygon(): void {
  corners.value = [];
}

// The second click of a double click falls on the corner the first one has set.
function repeatsLast(at: Point): boolean {
  const last = corners.value.at(-1);
  return last !== undefined && isNear(at, last, 2);
}

function isNear(a: Point, b: Point, distance = NEAR): boolean {
  const from = toScreen(viewport.value, a);
  const to = toScreen(viewport.value, b);
  return Math.hypot(from.x - to.x, from.y - to.y) <= distance;
}
