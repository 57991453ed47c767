/** Acts on the whole label, each one step of the history: what would need a question can be undone. */
import { Provenance, UNLABELLED, UNSURE } from "../../editor/codes";
import { dropPrelabel, type Patch } from "../../editor/patch";
import { cellsOf, grown, holes, otherCodes, rim, ring, setOf } from "../../editor/shape";
import { clearClass, edit, paintCells, work } from "./desk";
import { activeCode, mayChange, rimWidth, wholePending } from "./hand";

/** Label what is not labelled yet as clear: an act of the person, recorded as a tool's. */
export function fillRest(): void {
  const clear = clearClass.value;
  if (clear) spread(({ label }) => setOf(label, UNLABELLED), clear.code);
}

/** Label the whole tile as `code`, but for protected classes. */
export function wholeTile(code: number): void {
  wholePending.value = false;
  spread(({ label }) => new Uint8Array(label.length).fill(1), code);
}

export function removePrelabel(): void {
  if (work.value) edit(dropPrelabel(work.value.edits.drawing));
}

/** Fill what the class in hand encloses. */
export function fillHoles(): void {
  spread(({ label, width }) => holes(setOf(label, activeCode.value), width), activeCode.value);
}

/** Let the class in hand take the cells around it. */
export function grow(): void {
  const code = activeCode.value;
  spread(({ label, width }) => grown(setOf(label, code), width, rimWidth.value), code);
}

/** Let the neighbours take the rim of the class in hand. */
export function shrink(): void {
  const drawing = work.value?.edits.drawing;
  const code = activeCode.value;
  if (!drawing || !mayChange(code)) return;
  const { label, width, valid } = drawing;
  const inner = rim(setOf(label, code), width, rimWidth.value);
  const cells = cellsOf(inner).filter((i) => valid[i]);
  const labels = otherCodes(label, width, cells, code);
  const provenance = labels.map((each) =>
    each === UNLABELLED ? Provenance.none : Provenance.propagated,
  );
  const patch: Patch = { cells, labels, provenance };
  edit(leaving(patch, code));
}

/** Set both sides of the border of the class in hand to unsure. */
export function blurEdge(): void {
  const code = activeCode.value;
  spread(({ label, width }) => ring(setOf(label, code), width, rimWidth.value), UNSURE);
}

function spread(
  chosen: (drawing: { label: Uint8Array; width: number }) => Uint8Array,
  code: number,
): void {
  const drawing = work.value?.edits.drawing;
  if (drawing) paintCells(cellsOf(chosen(drawing)), code, Provenance.propagated);
}

/** `patch` without the cells that would keep `code`: where the plane holds nothing else. */
function leaving({ cells, labels, provenance }: Patch, code: number): Patch {
  const kept = Array.from(cells.keys()).filter((k) => labels[k] !== code);
  return {
    cells: Uint32Array.from(kept, (k) => cells[k]),
    labels: Uint8Array.from(kept, (k) => labels[k]),
    provenance: Uint8Array.from(kept, (k) => provenance[k]),
  };
}
