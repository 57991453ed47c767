import { effect, signal } from "@preact/signals";
import { type Draft, dropDraft, packPlanes, saveDraft } from "../../drafts";
import { change, me, type Work, work } from "./desk";
import { draftKey } from "./loading";
import { tell } from "./phase";

/** Whether the drawing on the desk is kept in this browser. */
export type Kept =
  | { state: "untouched" }
  | { state: "waiting" }
  | { state: "saved"; at: number }
  | { state: "impossible" };

export const kept = signal<Kept>({ state: "untouched" });

const PAUSE = 400; // milliseconds after the last change: long enough not to save in mid-stroke

let timer: ReturnType<typeof setTimeout> | undefined;

/** Save the drawing shortly after each change. Returns what stops it. */
export function keepDrawing(): () => void {
  let onDesk: Work | null = null;
  return effect(() => {
    const held = work.value;
    const { count } = change.value;
    if (!held || count === 0) return;
    clearTimeout(timer);
    if (held !== onDesk) {
      onDesk = held;
      kept.value = held.restoredFrom
        ? { state: "saved", at: held.restoredFrom }
        : { state: "untouched" };
      return;
    }
    kept.value = { state: "waiting" };
    timer = setTimeout(keepNow, PAUSE);
  });
}

/** Save at once what is waiting to be saved. */
export async function keepNow(): Promise<void> {
  clearTimeout(timer);
  const held = work.value;
  if (!held || kept.value.state !== "waiting") return;
  const at = Date.now();
  const { count } = change.value;
  try {
    await saveDraft(draftOf(held, at, false));
    if (work.value === held && change.value.count === count) kept.value = { state: "saved", at };
  } catch {
    kept.value = { state: "impossible" };
    tell(
      "warn",
      "This browser keeps no drawings",
      "Storage is off or full. Go on drawing, but don't close the page before you have submitted.",
    );
  }
}

/** Note the server's version in the kept drawing, and whether the server has all of it (`sent`). */
export async function keepAs(held: Work, sent: boolean): Promise<void> {
  // The server has it: a browser that can't note that will compare the two when it next opens the tile.
  await saveDraft(draftOf(held, Date.now(), sent)).catch(() => undefined);
}

/** Forget the kept drawing of work that has been submitted. */
export async function forget(held: Work): Promise<void> {
  clearTimeout(timer);
  // The draft is only a safety net: that it can't be deleted takes nothing from the submitted label.
  await dropDraft(draftKey(me.value!.username, held.task)).catch(() => undefined);
}

/** Whether leaving the page now would lose strokes. */
export function hasUnsaved(): boolean {
  return kept.value.state === "waiting" || kept.value.state === "impossible";
}

function draftOf({ task, base, edits: { drawing } }: Work, savedAt: number, sent: boolean): Draft {
  return {
    key: draftKey(me.value!.username, task),
    place: task.tile.place,
    datetime: task.tile.datetime,
    width: drawing.width,
    height: drawing.height,
    schemaVersion: task.schema_version,
    savedAt,
    base,
    sent,
    ...packPlanes(drawing),
  };
}
