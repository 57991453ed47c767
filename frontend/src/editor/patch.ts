import { Provenance, UNLABELLED } from "./codes";
import type { Drawing } from "./drawing";

/** A change to a drawing: cells, each once, and what they are to hold. Its inverse is another Patch. */
export interface Patch {
  cells: Uint32Array;
  labels: Uint8Array;
  provenance: Uint8Array;
}

/** Write `patch` into `drawing` and return the patch that undoes it. */
export function applyPatch(drawing: Drawing, { cells, labels, provenance }: Patch): Patch {
  const { label, provenance: origin, counts, origins } = drawing;
  const inverse = {
    cells,
    labels: new Uint8Array(cells.length),
    provenance: new Uint8Array(cells.length),
  };
  for (let k = 0; k < cells.length; k++) {
    const i = cells[k];
    inverse.labels[k] = label[i];
    inverse.provenance[k] = origin[i];
    counts[label[i]]--;
    origins[origin[i]]--;
    label[i] = labels[k];
    origin[i] = provenance[k];
    counts[labels[k]]++;
    origins[provenance[k]]++;
  }
  return inverse;
}

/** Label codes an edit may overwrite; everything when absent. */
export type MayChange = (code: number) => boolean;

/**
 * The patch that gives `cells` the label `code`, leaving out cells without data, cells whose label
 * `mayChange` refuses, and cells that would stay as they are.
 */
export function paint(
  drawing: Drawing,
  cells: Uint32Array,
  code: number,
  origin: Provenance,
  mayChange: MayChange = () => true,
): Patch {
  const { label, provenance, valid } = drawing;
  // Asked once a code and not once a cell: a fill of a whole tile paints 10⁵ of them.
  const open = Uint8Array.from({ length: 256 }, (_, held) => (mayChange(held) ? 1 : 0));
  const own = origin === Provenance.painted;
  const kept = new Uint32Array(cells.length);
  let size = 0;
  for (let k = 0; k < cells.length; k++) {
    const i = cells[k];
    if (!valid[i] || !open[label[i]]) continue;
    // A hand's stroke over a cell that already has the label still makes that cell the person's own;
    // a tool's does not take a painted or confirmed cell away from the person.
    if (label[i] !== code || (own && provenance[i] !== origin)) kept[size++] = i;
  }
  return {
    cells: kept.slice(0, size),
    labels: new Uint8Array(size).fill(code),
    provenance: new Uint8Array(size).fill(code === UNLABELLED ? Provenance.none : origin),
  };
}

/** The patch that makes the drawing hold these planes; cells without data stay as they are. */
export function replace(drawing: Drawing, planes: Pick<Drawing, "label" | "provenance">): Patch {
  const { label, provenance, valid } = drawing;
  const differs = (i: number) =>
    label[i] !== planes.label[i] || provenance[i] !== planes.provenance[i];
  const cells = new Uint32Array(label.length);
  let size = 0;
  for (let i = 0; i < label.length; i++) if (valid[i] && differs(i)) cells[size++] = i;
  const kept = cells.slice(0, size);
  return {
    cells: kept,
    labels: Uint8Array.from(kept, (i) => planes.label[i]),
    provenance: Uint8Array.from(kept, (i) => planes.provenance[i]),
  };
}

/** Every cell that holds `code`. */
export function cellsWith(drawing: Drawing, code: number): Uint32Array {
  return cellsWhere(drawing.label, code);
}

/** The patch that takes away what is left of the pre-label. */
export function dropPrelabel(drawing: Drawing): Patch {
  const cells = cellsWhere(drawing.provenance, Provenance.confirmed);
  return paint(drawing, cells, UNLABELLED, Provenance.none);
}

function cellsWhere(plane: Uint8Array, value: number): Uint32Array {
  const cells = new Uint32Array(plane.length);
  let size = 0;
  for (let i = 0; i < plane.length; i++) if (plane[i] === value) cells[size++] = i;
  return cells.slice(0, size);
}
