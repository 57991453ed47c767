/** What helps to read a tile and may come after it: further bands, the clear date, where shadows fall. */
import { effect } from "@preact/signals";
import { campaign, type Work, work } from "./desk";
import { phase } from "./phase";
import { fetchOtherDate, forgetOtherDate } from "./reference";
import { bandsShown, fetchFurtherBands } from "./views";

/** Fetch it for each tile once that one can be drawn on. Returns what stops it. */
export function followTile(): () => void {
  let onDesk: Work | null = null;
  return effect(() => {
    const held = work.value;
    if (held === onDesk || phase.value.name !== "drawing") return;
    onDesk = held;
    forgetOtherDate();
    if (held) void fetchBeside(held);
  });
}

// A tile can be drawn without any of it: what doesn't come is not shown, and the next tile asks anew.
async function fetchBeside(held: Work): Promise<void> {
  await fetchFurtherBands(held).catch(() => undefined);
  const bands = bandsShown(campaign.value!, held.task.tile);
  if (work.value === held) await fetchOtherDate(held, bands).catch(() => undefined);
}
