/** The ground around the tile, dimmed: to see, not to paint, for the cloud of a shadow is often next door. */
import { computed, effect, signal } from "@preact/signals";
import { fetchMargin, type Margin } from "../../api/annotating";
import { drawComposite } from "../../editor/composite";
import { type Work, work } from "./desk";
import { marginShown } from "./look";
import { curvesOf, view } from "./views";

/** Image pixels on each side; the surroundings are told at every second one. */
export const MARGIN = 256;

const fetched = signal<{ of: Work; bands: string; margin: Margin } | null>(null);

/** The surroundings under the first pane's view; null: not wanted, not there, or none of this view. */
export const marginPicture = computed<ImageData | null>(() => {
  const got = fetched.value;
  const shown = view.value;
  if (!got || !shown || !marginShown.value || got.of !== work.value) return null;
  if (got.bands !== shown.bands.join(",")) return null;
  const { side, bands } = got.margin;
  const image = new ImageData(side, side);
  const curves = curvesOf(got.of.task.tile, shown.bands);
  drawComposite(bands, curves, new Uint32Array(image.data.buffer));
  return image;
});

/** Fetch the surroundings of each tile and view once they are wanted. Returns what stops it. */
export function followMargin(): () => void {
  return effect(() => {
    const held = work.value;
    const shown = view.value;
    if (!held || !shown || !marginShown.value) return;
    if (shown.group !== "Composites" && shown.group !== "Bands") return;
    const bands = shown.bands.join(",");
    const has = fetched.peek();
    if (has?.of === held && has.bands === bands) return;
    // Without them the tile can be drawn just as well.
    fetchMargin(held.task.tile, shown.bands).then(
      (margin) => {
        if (work.value === held && view.value === shown)
          fetched.value = { of: held, bands, margin };
      },
      () => undefined,
    );
  });
}
