/** Guide regions: the parts of a tile that are to be labelled where not all of it is. */
import { computed, effect, signal } from "@preact/signals";
import { UNLABELLED } from "../../editor/codes";
import { countIn, placeFrom, type Window } from "../../editor/windows";
import { change, type Work, work } from "./desk";
import { lookAt } from "./look";

export interface Region extends Window {
  /** From 1, in the order of labelling. */
  number: number;
}

/** The regions of the tile on the desk; none: the whole tile is to be labelled. */
export const regions = computed<Region[]>(() => work.value?.task.guidance?.regions ?? []);

/** The region last gone to, by its place in the list; -1: none yet. */
export const regionAt = signal(-1);

/** Of each region whether all of its cells with data are labelled. */
export const regionsDone = computed<boolean[]>(() => {
  void change.value;
  const drawing = work.value?.edits.drawing;
  return drawing ? regions.value.map((each) => countIn(drawing, each, UNLABELLED) === 0) : [];
});

/** Numbers of the regions that aren't done. */
export const regionsLeft = computed(() =>
  regions.value.filter((_, place) => !regionsDone.value[place]).map(({ number }) => number),
);

/** Begin each tile before its first region. Returns what stops it. */
export function followRegions(): () => void {
  let onDesk: Work | null = null;
  return effect(() => {
    if (work.value === onDesk) return;
    onDesk = work.value;
    regionAt.value = -1;
  });
}

/** Zoom to the region at `place` of the list. */
export function goToRegion(place: number): void {
  const region = regions.value[place];
  if (!region) return;
  regionAt.value = place;
  const { top, left, height, width } = region;
  lookAt([top, left, top + height, left + width]);
}

/** Zoom to the next region that isn't done, or where all are, to the next; -1 goes backwards. */
export function stepRegion(step: 1 | -1): void {
  const count = regions.value.length;
  if (!count) return;
  const from = regionAt.value < 0 ? (step > 0 ? 0 : count - 1) : regionAt.value + step;
  const left = placeFrom(count, from, step, (place) => !regionsDone.value[place]);
  goToRegion(left >= 0 ? left : placeFrom(count, from, step, () => true));
}
