import type { Point } from "../../../editor/brush";
import { Provenance } from "../../../editor/codes";
import { floodCells, looksLike, valuesLike } from "../../../editor/flood";
import { paintCells, work } from "../desk";
import { activeCode, lookedAt, tolerance } from "../hand";
import { pictures, planeOf } from "../views";
import type { Tool } from "./tool";

/**
 * Labels the connected region around the click: same label, and where a tolerance is set same look, in the
 * picture as shown or in a band or index of one's choice.
 */
export const fill: Tool = {
  down({ x, y }: Point) {
    const { width, height, label } = work.value!.edits.drawing;
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const start = Math.floor(y) * width + Math.floor(x);
    const old = label[start];
    const similar = similarTo(start, tolerance.value);
    const region = floodCells(width, height, start, (cell) => label[cell] === old && similar(cell));
    paintCells(region, activeCode.value, Provenance.propagated);
  },
  move() {},
  up() {},
};

function similarTo(start: number, steps: number | null): (cell: number) => boolean {
  if (steps === null) return () => true;
  const chosen = lookedAt.value ? planeOf(work.value!, lookedAt.value) : null;
  if (chosen) return valuesLike([chosen.plane], start, steps * chosen.step);
  const picture = pictures[0].value;
  return picture ? looksLike(picture.data, start, steps) : () => true;
}
