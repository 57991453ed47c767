import type { Point } from "../../../editor/brush";
import { Provenance } from "../../../editor/codes";
import { floodCells, looksLike } from "../../../editor/flood";
import { paintCells, work } from "../desk";
import { activeCode, tolerance } from "../hand";
import { picture } from "../look";
import type { Tool } from "./tool";

/** Labels the connected region around the click: same label, and same look where a tolerance is set. */
export const fill: Tool = {
  down({ x, y }: Point) {
    const { width, height, label } = work.value!.edits.drawing;
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const start = Math.floor(y) * width + Math.floor(x);
    const old = label[start];
    const similar = similarTo(start);
    const region = floodCells(width, height, start, (cell) => label[cell] === old && similar(cell));
    paintCells(region, activeCode.value, Provenance.propagated);
  },
  move() {},
  up() {},
};

function similarTo(start: number): (cell: number) => boolean {
  if (tolerance.value === null || !picture.value) return () => true;
  return looksLike(picture.value.data, start, tolerance.value);
}
