import { fetchPrelabel } from "../../api/calls";
import { problemOfThrown } from "../../api/problems";
import { replace } from "../../editor/patch";
import { edit, work } from "./desk";
import { startingPoint } from "./loading";
import { hush, tell } from "./phase";

/** Begin again with the tile as it was served: one step, which undo takes back. */
export async function startOver(): Promise<void> {
  const held = work.value;
  if (!held) return;
  const { task, edits } = held;
  try {
    const prelabel = task.prelabel ? await fetchPrelabel(task.tile) : null;
    const fresh = startingPoint(task, edits.drawing.valid, prelabel, null);
    if (work.value === held) edit(replace(edits.drawing, fresh));
    hush();
  } catch (error) {
    tell("error", "The tile could not be loaded again", problemOfThrown(error).message);
  }
}
