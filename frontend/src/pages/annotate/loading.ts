import { fetchBands, fetchPrelabel } from "../../api/calls";
import type { Campaign, Task } from "../../api/types";
import { type Draft, findDraft, unpackPlanes } from "../../drafts";
import { validCells } from "../../editor/composite";
import {
  type Drawing,
  drawingFromPlanes,
  drawingFromPrelabel,
  emptyDrawing,
} from "../../editor/drawing";
import { Edits } from "../../editor/edits";
import type { Work } from "./desk";
import { bandsShown } from "./look";

export const draftKey = (username: string, task: Task): string => `${username}/${task.id}`;

/** Fetch all that is needed to work on `task`, and take up what was drawn on it earlier. */
export async function loadWork(campaign: Campaign, task: Task, username: string): Promise<Work> {
  const { tile } = task;
  const names = bandsShown(campaign, tile);
  const [bands, prelabel, draft] = await Promise.all([
    fetchBands(tile, names),
    task.prelabel ? fetchPrelabel(tile) : null,
    fittingDraft(draftKey(username, task), task),
  ]);
  const valid = validCells(bands, tile.width * tile.height);
  return {
    task,
    bands: new Map(names.map((name, k) => [name, bands[k]])),
    edits: new Edits(startingPoint(task, valid, prelabel, draft)),
    restoredFrom: draft?.savedAt ?? null,
  };
}

function startingPoint(
  { tile: { width, height } }: Task,
  valid: Uint8Array,
  prelabel: Uint8Array | null,
  draft: Draft | undefined,
): Drawing {
  if (draft) return drawingFromPlanes(width, height, unpackPlanes(draft), valid);
  if (prelabel) return drawingFromPrelabel(width, height, prelabel, valid);
  return emptyDrawing(width, height, valid);
}

// A browser without storage (private windows) has no drafts; that must not stop the work.
async function fittingDraft(key: string, task: Task): Promise<Draft | undefined> {
  const draft = await findDraft(key).catch(() => undefined);
  const { width, height } = task.tile;
  const fits =
    draft?.width === width &&
    draft.height === height &&
    draft.schemaVersion === task.schema_version;
  return fits ? draft : undefined;
}
