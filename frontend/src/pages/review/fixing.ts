import { computed, signal } from "@preact/signals";
import { fetchBands, type Overruling } from "../../api/calls";
import { type Finding, problemOfThrown, Refused } from "../../api/problems";
import { fixLabel } from "../../api/review";
import { brushCells, nextBrushSize, type Point } from "../../editor/brush";
import { Provenance } from "../../editor/codes";
import { drawingFromPlanes, submissionBytes } from "../../editor/drawing";
import { Edits } from "../../editor/edits";
import { paint } from "../../editor/patch";
import { comparison, held, mayJudge, phase, tell, validOf } from "./desk";
import { failed, goOn } from "./verdicts";

/** The label while the reviewer corrects it: a new version, of which both are the authors. */
const edits = signal<Edits | null>(null);
/** Counts the strokes, so that what shows the drawing is drawn anew. */
const strokes = signal(0);
export const brushSize = signal(13);
export const code = signal(1);
/** Warnings that the server has about the fix; the reviewer says why it is right, or goes on. */
export const findings = signal<Finding[]>([]);

export const drawing = computed(() => {
  void strokes.value;
  return edits.value?.drawing ?? null;
});
export const version = computed(() => strokes.value);
export const isChanged = computed(() => {
  void strokes.value;
  return edits.value?.canUndo ?? false;
});
export const canRedo = computed(() => {
  void strokes.value;
  return edits.value?.canRedo ?? false;
});

/** Begin to correct the label. Needs one band, to know where the tile has data. */
export async function startFix(): Promise<void> {
  const label = held.value;
  if (!mayJudge.value || !label) return;
  phase.value = { name: "loading", what: "Fetching what it takes to draw …" };
  const { tile } = label.task;
  try {
    const valid = validOf(label, await fetchBands(tile, tile.bands));
    edits.value = new Edits(drawingFromPlanes(tile.width, tile.height, label.planes, valid));
    strokes.value = 0;
    phase.value = { name: "fixing" };
  } catch (error) {
    failed(error);
  }
}

export function stroke(from: Point, to: Point, starts: boolean): void {
  const now = edits.value;
  if (!now) return;
  if (starts) now.begin();
  const { width, height } = now.drawing;
  const cells = brushCells(width, height, from, to, brushSize.value);
  if (now.apply(paint(now.drawing, cells, code.value, Provenance.painted))) strokes.value++;
}

export function endStroke(): void {
  edits.value?.end();
  strokes.value++;
}

export function undo(): void {
  if (edits.value?.undo()) strokes.value++;
}

export function redo(): void {
  if (edits.value?.redo()) strokes.value++;
}

export function resize(by: 1 | -1): void {
  brushSize.value = nextBrushSize(brushSize.value, by);
}

/** Leave the label as its author drew it. */
export function dropFix(): void {
  edits.value = null;
  findings.value = [];
  phase.value = { name: "looking" };
}

/** Hand the corrected label in, and go on to the next one. */
export async function sendFix(overruling: Overruling | null = null): Promise<void> {
  const label = held.value;
  const now = edits.value;
  if (!label || !now || phase.value.name !== "fixing") return;
  now.end();
  if (!isChanged.value) {
    tell("warn", "Nothing is changed yet", "Paint what is wrong, or leave with Esc and accept it.");
    return;
  }
  phase.value = { name: "sending" };
  try {
    await fixLabel({
      task: label.task.id,
      schemaVersion: label.task.schema_version,
      octets: submissionBytes(now.drawing),
      overruling,
    });
  } catch (error) {
    refused(error);
    return;
  }
  edits.value = null;
  findings.value = [];
  await goOn(`Fixed: ${label.task.tile.place}`);
}

// What was drawn stays on the page, whatever the server said.
function refused(error: unknown): void {
  const problem = problemOfThrown(error);
  phase.value = { name: "fixing" };
  if (problem instanceof Refused && problem.code === "needs_confirmation") {
    findings.value = problem.findings;
    return;
  }
  tell("error", problem.message, `${problem.help} What you drew is still here.`.trim());
}

export const shadeOf = (wanted: number) =>
  comparison.value?.shades.find((each) => each.code === wanted);
