/** The heat map: how uncertain the model is where. It is shown only on a person's demand. */
import { effect, signal } from "@preact/signals";
import { fetchHeat } from "../../api/annotating";
import { heatWords } from "../../editor/magma";
import { type Work, work } from "./desk";
import { heatShown } from "./look";
import { mayDraw } from "./phase";

/** One pixel a block of the tile; null: there is none for this tile, or it is still on its way. */
export const heatPicture = signal<ImageData | null>(null);

/** Whether the tile on the desk has one. */
export const hasHeat = (): boolean => Boolean(work.value?.task.guidance?.heat);

/** Fetch each tile's once that one can be drawn on. Returns what stops it. */
export function followHeat(): () => void {
  let onDesk: Work | null = null;
  return effect(() => {
    const held = work.value;
    if (held === onDesk) return;
    if (!mayDraw.value) {
      heatPicture.value = null;
      return;
    }
    onDesk = held;
    heatPicture.value = null;
    if (held?.task.guidance?.heat) void load(held, held.task.guidance.heat);
  });
}

export function toggleHeat(): void {
  heatShown.value = !heatShown.value;
}

// A tile can be labelled without it: what doesn't come isn't shown.
async function load(held: Work, [rows, columns]: number[]): Promise<void> {
  const levels = await fetchHeat(held.task.id, rows * columns).catch(() => null);
  if (!levels || work.value !== held) return;
  const image = new ImageData(columns, rows);
  new Uint32Array(image.data.buffer).set(heatWords(levels));
  heatPicture.value = image;
}
