import { useMemo } from "preact/hooks";
import { drawingPicture, maskPicture } from "../../compare/painting";
import type { Overlay } from "../../compare/pane";
import { Pane } from "../../compare/pane";
import { ComparePanel } from "../../compare/panel";
import { Button } from "../../widgets/button";
import {
  campaign,
  comparison,
  composite,
  held,
  image,
  nextComposite,
  opacity,
  peeking,
  phase,
  style,
  view,
} from "./desk";
import { brushSize, drawing, endStroke, stroke, version } from "./fixing";
import { LabelLegend } from "./legend";

/** Image, author's label and comparison, in step. */
export function Panes() {
  const seen = peeking.value ? 0 : opacity.value;
  return (
    <div class="panes">
      <section class="pane-box" aria-label="Image">
        <header class="pane-head">
          <h2>{campaign.value?.composites[composite.value]?.name ?? "Image"}</h2>
          <span class="grow" />
          <Button shortcut="V" onClick={nextComposite}>
            Next bands
          </Button>
        </header>
        <div class="pane-frame">
          <Pane label="Satellite image" view={view} image={image.value} overlays={[]} />
        </div>
        <p class="pane-foot faint">
          {campaign.value?.composites[composite.value]?.bands.join(" · ")}
        </p>
      </section>
      <LabelPane seen={seen} />
      {comparison.value && (
        <ComparePanel
          comparison={comparison.value}
          view={view}
          image={image.value}
          opacity={seen === 0 ? 0 : Math.max(seen, 0.8)}
        >
          No mask lies beside this tile: judge the label by the image.
        </ComparePanel>
      )}
    </div>
  );
}

function LabelPane({ seen }: { seen: number }) {
  const fixing = phase.value.name === "fixing";
  const overlays = useOverlay();
  return (
    <section class="pane-box" aria-label="Label">
      <header class="pane-head">
        <h2>{fixing ? "Your fix" : `${held.value?.label.author || "Imported"}’s label`}</h2>
        <span class="grow" />
        <Button
          shortcut="O"
          onClick={() => {
            style.value = style.value === "fill" ? "outline" : "fill";
          }}
        >
          {style.value === "fill" ? "Outlines" : "Filled"}
        </Button>
      </header>
      <div class={`pane-frame${fixing ? " fixing" : ""}`}>
        <Pane
          label="Author’s label over the image"
          view={view}
          image={image.value}
          overlays={overlays}
          opacity={style.value === "outline" ? seen ** 0.4 : seen}
          brush={fixing ? brushSize.value : 0}
          onStroke={stroke}
          onStrokeEnd={endStroke}
        />
      </div>
      <LabelLegend />
    </section>
  );
}

/** The label, or what the reviewer has made of it so far. */
function useOverlay(): Overlay[] {
  const label = held.value;
  const palette = comparison.value?.palette;
  const now = phase.value.name === "fixing" ? drawing.value : null;
  return useMemo(() => {
    if (!label || !palette) return [];
    const picture = now
      ? drawingPicture(now, palette, style.value)
      : maskPicture(label.planes.label, label.task.tile, palette, {
          style: style.value,
          where: label.seen,
        });
    return [{ picture, from: 0, to: 1 }];
  }, [label, palette, now, version.value, style.value]);
}
