import { fetchDraft, type ServerDraft } from "../../api/annotating";
import { fetchBands, fetchPrelabel } from "../../api/calls";
import { Unreachable } from "../../api/problems";
import type { Campaign, Task } from "../../api/types";
import { type Draft, findDraft, putAside, unpackPlanes } from "../../drafts";
import { validCells } from "../../editor/composite";
import {
  type Drawing,
  drawingFromPlanes,
  drawingFromPrelabel,
  emptyDrawing,
} from "../../editor/drawing";
import { Edits } from "../../editor/edits";
import { insideWindows } from "../../editor/windows";
import type { Trouble, Work } from "./desk";
import { bandsShown } from "./views";

export const draftKey = (username: string, task: Task): string => `${username}/${task.id}`;

/** Fetch all that is needed to work on `task`, and take up what was drawn on it earlier. */
export async function loadWork(campaign: Campaign, task: Task, username: string): Promise<Work> {
  const { tile } = task;
  const names = bandsShown(campaign, tile);
  const [bands, prelabel, earlier] = await Promise.all([
    fetchBands(tile, names),
    task.prelabel ? fetchPrelabel(tile) : null,
    earlierDrawing(draftKey(username, task), task),
  ]);
  const valid = askedCells(task, validCells(bands, tile.width * tile.height));
  return {
    task,
    bands: new Map(names.map((name, k) => [name, bands[k]])),
    edits: new Edits(startingPoint(task, valid, prelabel, earlier.planes)),
    restoredFrom: earlier.planes ? earlier.savedAt : null,
    base: earlier.base,
    trouble: earlier.trouble,
  };
}

/** Of cells with data those that are to be labelled: the others are neither painted nor counted. */
export function askedCells({ guidance, tile }: Task, valid: Uint8Array): Uint8Array {
  if (!guidance?.regions.length) return valid;
  const inside = insideWindows(guidance.regions, tile.width, tile.height);
  return valid.map((has, i) => has & inside[i]);
}

type Planes = Pick<Drawing, "label" | "provenance">;

/** What was drawn earlier, in this browser or as the server has it. */
export interface Earlier {
  planes: Planes | null;
  savedAt: number;
  base: number;
  trouble: Trouble | null;
}

const NOTHING: Earlier = { planes: null, savedAt: 0, base: 0, trouble: null };

/** The drawing to begin with: what was drawn earlier, else the pre-label, else nothing. */
export function startingPoint(
  { tile: { width, height } }: Task,
  valid: Uint8Array,
  prelabel: Uint8Array | null,
  planes: Planes | null,
): Drawing {
  if (planes) return drawingFromPlanes(width, height, planes, valid);
  if (prelabel) return drawingFromPrelabel(width, height, prelabel, valid);
  return emptyDrawing(width, height, valid);
}

async function earlierDrawing(key: string, task: Task): Promise<Earlier> {
  const [here, there] = await Promise.all([
    // A browser without storage (private windows) has no drafts; that must not stop the work.
    findDraft(key).catch(() => undefined),
    fetchDraft(task).catch((problem: unknown) => {
      if (problem instanceof Unreachable) return undefined;
      throw problem;
    }),
  ]);
  const kept = here ? await readDraft(here, task) : null;
  if (there === undefined) return { ...NOTHING, ...kept, trouble: "unreachable" };
  return chosen(kept, there ? readAnswer(there, task) : null);
}

/**
 * Which of two drawings to go on with: the one kept here as long as it has what the server lacks, else
 * the server's. Where both have gone on, it is this browser's, and the person is told of the other.
 */
export function chosen(here: (Earlier & { sent: boolean }) | null, there: Earlier | null): Earlier {
  if (!here?.planes) {
    const trouble = here?.trouble ?? there?.trouble ?? null;
    return { ...(there ?? NOTHING), trouble };
  }
  if (!there) return { ...here, base: 0 };
  if (here.base === there.base) return here;
  if (here.sent) return there;
  return { ...here, trouble: "newer elsewhere" };
}

async function readDraft(draft: Draft, task: Task): Promise<Earlier & { sent: boolean }> {
  const { width, height } = task.tile;
  const about = { savedAt: draft.savedAt, base: draft.base ?? 0, sent: draft.sent ?? false };
  const { schemaVersion } = draft;
  if (draft.width !== width || draft.height !== height || schemaVersion !== task.schema_version) {
    return { ...about, planes: null, trouble: null };
  }
  try {
    return { ...about, planes: unpackPlanes(draft), trouble: null };
  } catch {
    await putAside(draft).catch(() => undefined);
    return { ...about, planes: null, trouble: "unreadable" };
  }
}

function readAnswer({ planes, savedAt, version, schemaVersion }: ServerDraft, task: Task): Earlier {
  const fits = schemaVersion === task.schema_version;
  const trouble = planes ? null : "unreadable";
  return { planes: fits ? planes : null, savedAt, base: version, trouble };
}
