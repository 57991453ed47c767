/** The pre-label, region by region: one is accepted as it is, or taken away to be drawn anew. */
import { computed, effect, signal } from "@preact/signals";
import { Provenance, UNLABELLED } from "../../editor/codes";
import { paint } from "../../editor/patch";
import { type Piece, piecesOf } from "../../editor/pieces";
import { clearClass, edit, fromModel, type Work, work } from "./desk";

const LEAST = 0.001; // of the tile: smaller pieces are passed over, and confirmed with the whole

/** Regions of the pre-label, the largest first; made when the tile is shown. */
const regions = signal<Piece[]>([]);
const decided = signal<ReadonlySet<Piece>>(new Set());
const skipped = signal(0);

/** Regions still to be looked at. */
export const pending = computed(() => regions.value.filter((each) => !decided.value.has(each)));

export const regionCount = computed(() => regions.value.length);

/** The region that is asked about. */
export const current = computed<Piece | null>(() => {
  const waiting = fromModel.value > 0 ? pending.value : [];
  return waiting.length ? waiting[skipped.value % waiting.length] : null;
});

/** Find the regions of each tile's pre-label. Returns what stops it. */
export function followPrelabel(): () => void {
  let onDesk: Work | null = null;
  return effect(() => {
    const held = work.value;
    if (held === onDesk) return;
    onDesk = held;
    decided.value = new Set();
    skipped.value = 0;
    regions.value = held?.task.prelabel ? regionsOf(held) : [];
  });
}

function regionsOf({ edits: { drawing } }: Work): Piece[] {
  const { label, provenance, width } = drawing;
  const clear = clearClass.peek()?.code;
  const asked = (i: number) =>
    provenance[i] === Provenance.confirmed && label[i] !== clear && label[i] !== UNLABELLED;
  return piecesOf(label, width, asked, LEAST * label.length);
}

/** The region is right as it is. */
export function acceptRegion(): void {
  decide();
}

/** The region is wrong: what is left of it is not labelled any more. */
export function rejectRegion(): void {
  const region = current.value;
  const drawing = work.value?.edits.drawing;
  if (!region || !drawing) return;
  const { provenance } = drawing;
  const left = region.cells.filter((i) => provenance[i] === Provenance.confirmed);
  decide();
  edit(paint(drawing, left, UNLABELLED, Provenance.none));
}

/** Leave the region for later. */
export function nextRegion(): void {
  skipped.value++;
}

function decide(): void {
  if (current.value) decided.value = new Set([...decided.value, current.value]);
}
