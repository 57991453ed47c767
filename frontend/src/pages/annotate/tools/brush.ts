import { brushCells, type Point } from "../../../editor/brush";
import { Provenance, UNLABELLED } from "../../../editor/codes";
import { paintCells, work } from "../desk";
import { activeCode, brushSize } from "../hand";
import type { Tool } from "./tool";

/** A tool that labels whatever it is drawn over with what `code` says. */
function stroking(code: () => number): Tool {
  let last: Point | null = null;
  const stroke = (to: Point) => {
    const { width, height } = work.value!.edits.drawing;
    const cells = brushCells(width, height, last ?? to, to, brushSize.value);
    paintCells(cells, code(), Provenance.painted);
    last = to;
  };
  return {
    down(at) {
      work.value!.edits.begin();
      last = null;
      stroke(at);
    },
    move: stroke,
    up() {
      last = null;
      work.value!.edits.end();
    },
  };
}

export const brush = stroking(() => activeCode.value);
export const eraser = stroking(() => UNLABELLED);
