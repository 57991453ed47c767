import { batch, computed, signal } from "@preact/signals";
import type { Campaign, LabelClass, Me, Task } from "../../api/types";
import { type Box, union } from "../../editor/box";
import { Provenance, UNLABELLED, UNSURE } from "../../editor/codes";
import { labelledShare, shareOf } from "../../editor/drawing";
import type { Edits } from "../../editor/edits";
import { type Patch, paint } from "../../editor/patch";
import { mayChange } from "./hand";

/** A tile being worked on: its task, the bands that are shown, and the drawing with its history. */
export interface Work {
  task: Task;
  bands: Map<string, Uint16Array>;
  edits: Edits;
  /** When the drawing was last kept, where it was taken up again from a draft (milliseconds). */
  restoredFrom: number | null;
  /** Version of the server's draft that this drawing goes on from; 0: there is none. */
  base: number;
  /** What was wrong with what was kept earlier, or null. */
  trouble: Trouble | null;
}

export type Trouble = "unreadable" | "newer elsewhere" | "unreachable";

export const me = signal<Me | null>(null);
export const campaign = signal<Campaign | null>(null);
export const work = signal<Work | null>(null);

/** Counts changes. */
export const change = signal({ count: 0 });

/** What changed since it was last taken: a box of cells, everything, or nothing. */
let touchedSince: Box | "all" | null = "all";

export function takeTouched(): Box | "all" | null {
  const taken = touchedSince;
  touchedSince = null;
  return taken;
}

/** A class as the panel, the keys and the status bar know it; "unsure" is one of them. */
export type Choice = Pick<LabelClass, "code" | "name" | "colour" | "hotkey">;

export const UNSURE_COLOUR = "#e5625e";

export const choices = computed<Choice[]>(() => {
  const classes = campaign.value?.schema.classes ?? [];
  const spare = classes.length < 9 ? String(classes.length + 1) : "";
  const taken = classes.some((each) => each.hotkey === spare);
  const unsure = { code: UNSURE, name: "unsure", colour: UNSURE_COLOUR };
  return [...classes, { ...unsure, hotkey: taken || !spare ? "u" : spare }];
});

/** The class that "the rest" is filled with, where the campaign has a clear sky. */
export const clearClass = computed(() =>
  choices.value.find(({ code, name }) => code === 0 && name.toLowerCase() === "clear"),
);

export function nameOf(code: number): string {
  if (code === UNLABELLED) return "not labelled";
  return choices.value.find((choice) => choice.code === code)?.name ?? `code ${code}`;
}

export const labelled = computed(() => {
  change.value;
  return work.value ? labelledShare(work.value.edits.drawing) : 0;
});

/** Share (0–1) of the tile that is still the model's, untouched. */
export const fromModel = computed(() => {
  change.value;
  const drawing = work.value?.edits.drawing;
  return drawing?.validCount ? drawing.origins[Provenance.confirmed] / drawing.validCount : 0;
});

export function shareNow(code: number): number {
  change.value;
  return work.value ? shareOf(work.value.edits.drawing, code) : 0;
}

export const canUndo = computed(() => {
  change.value;
  return work.value?.edits.canUndo ?? false;
});

export const canRedo = computed(() => {
  change.value;
  return work.value?.edits.canRedo ?? false;
});

export function putOnDesk(next: Work | null): void {
  // In one: else whatever follows changes would take the new tile for one that was drawn on.
  batch(() => {
    work.value = next;
    touched("all");
  });
}

export function edit(patch: Patch): void {
  const box = work.value?.edits.apply(patch);
  if (box) touched(box);
}

export function undo(): void {
  const box = work.value?.edits.undo();
  if (box) touched(box);
}

export function redo(): void {
  const box = work.value?.edits.redo();
  if (box) touched(box);
}

/** Paint `cells` with `code`, but for the classes that are protected. */
export function paintCells(cells: Uint32Array, code: number, origin: Provenance): void {
  if (work.value) edit(paint(work.value.edits.drawing, cells, code, origin, mayChange));
}

function touched(box: Box | "all"): void {
  touchedSince = box === "all" || touchedSince === "all" ? "all" : union(touchedSince, box);
  change.value = { count: change.value.count + 1 };
}
