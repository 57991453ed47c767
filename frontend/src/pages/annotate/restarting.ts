import { problemOfThrown } from "../../api/problems";
import { campaign, me, putOnDesk, work } from "./desk";
import { forget } from "./keeping";
import { loadWork } from "./loading";
import { hush, tell } from "./phase";

/** Throw the restored drawing away and begin again with the tile as it was served. */
export async function startOver(): Promise<void> {
  const held = work.value;
  if (!held) return;
  await forget(held);
  try {
    putOnDesk(await loadWork(campaign.value!, held.task, me.value!.username));
    hush();
  } catch (error) {
    tell("error", "The tile could not be loaded again", problemOfThrown(error).message);
  }
}
