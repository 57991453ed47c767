import type { Example } from "../../api/own";
import { bandPictureOf, fetchGuideLabel, pictureOf } from "../../api/planes";
import { maskPicture, nameOf } from "../../compare/painting";
import { Synthetic } from "../../widgets/badge";
import { Card, Empty } from "../../widgets/card";
import { LabelPicture } from "../../widgets/labelpicture";
import { percent } from "../../words";
import { chosen, chosenCampaign, guide, palette, shades } from "./day";

/** Worked examples of what is mixed up, from labels that are known. */
export function GuidePanel() {
  const examples = guide.value;
  return (
    <Card title="Guide: what is mixed up, and the band that tells">
      {!examples && <p class="faint">Loading …</p>}
      {examples?.length === 0 && (
        <Empty>
          No example yet. They come from gold tiles of this campaign once a lead has retired them.
        </Empty>
      )}
      <ol class="guide">
        {examples?.map((example) => (
          <ExampleItem key={example.annotation + example.pair} example={example} />
        ))}
      </ol>
    </Card>
  );
}

function ExampleItem({ example }: { example: Example }) {
  const { tile, pair, band, auc, brighter, guide: words, annotation, mistaken } = example;
  const [top, left, bottom, right] = example.window;
  const part = { left, top, right, bottom };
  const [one, other] = pair.map((code) => nameOf(shades.value, code));
  const first = chosenCampaign.value!.composites[0].name;
  const { slug } = chosen.value!.campaign;
  // The empty mask says how large the tile is that the part is measured in.
  const blank = async () => blankCanvas(tile.width, tile.height);
  const label = async () => {
    const plane = await fetchGuideLabel(slug, annotation, tile);
    return maskPicture(plane, tile, palette.value);
  };
  return (
    <li>
      <h3>
        {one} or {other}? {tile.synthetic && <Synthetic />}
      </h3>
      <div class="trio">
        <figure>
          <LabelPicture image={pictureOf(tile.id, first)} overlay={blank} part={part} alt={first} />
          <figcaption>{first}</figcaption>
        </figure>
        <figure>
          <LabelPicture
            image={bandPictureOf(tile.id, [band, band, band])}
            overlay={blank}
            part={part}
            alt={`Band ${band}`}
          />
          <figcaption>
            <strong>{band}</strong> decides
          </figcaption>
        </figure>
        <figure>
          <LabelPicture
            image={pictureOf(tile.id, first)}
            overlay={label}
            part={part}
            alt={`The label: ${one} and ${other}`}
          />
          <figcaption>the label</figcaption>
        </figure>
      </div>
      <p>
        In <strong>{band}</strong> {nameOf(shades.value, brighter)} is the brighter one: in{" "}
        {percent(auc)} of all pairs of pixels beside their border.
      </p>
      {words && <blockquote>{words}</blockquote>}
      {mistaken > 0 && (
        <p class="faint">People took one for the other in {mistaken} pixels of this tile.</p>
      )}
    </li>
  );
}

function blankCanvas(width: number, height: number): HTMLCanvasElement {
  return Object.assign(document.createElement("canvas"), { width, height });
}
