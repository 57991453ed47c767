import { useState } from "preact/hooks";
import type { BatchTile, Progress } from "../../api/types";
import { cataloguePath } from "../../route";
import { Synthetic } from "../../widgets/badge";
import { Empty } from "../../widgets/card";
import { Thumb } from "../../widgets/thumb";
import { counted, day, grouped } from "../../words";
import { batchRows, partsOf, provisional } from "./batchdata";
import { Panel } from "./panel";

const FIRST = 12; // tiles before "show all"

/** The tiles the last round picked, in the order they are served, each with its reason. */
export function BatchPanel({ progress, slug }: { progress: Progress; slug: string }) {
  const { batch, running } = progress;
  const [all, setAll] = useState(false);
  const tiles = batch?.tiles ?? [];
  const most = Math.max(...tiles.map(({ score }) => score ?? 0), 0);
  const note = batch && (
    <>
      round {batch.round} · {counted(batch.size, "tile")}
      {tiles.some(({ synthetic }) => synthetic) && <Synthetic />}
    </>
  );
  return (
    <Panel
      title="This batch: why these tiles"
      note={note}
      span="full"
      rows={{ href: `${cataloguePath(slug)}?sort=-score`, words: "catalogue" }}
      figures={batchRows(tiles)}
    >
      {!tiles.length && (
        <Empty>No batch is open. Start a round: it picks the tiles worth labelling next.</Empty>
      )}
      {batch && tiles.length > 0 && (
        <>
          <ul class="chips slices" aria-label="Parts of the batch">
            {Object.entries(batch.slices).map(([slice, count]) => (
              <li key={slice}>
                <strong>{grouped(count)}</strong>{" "}
                <a href={`${cataloguePath(slug)}?slice=${slice}`}>{slice}</a>
              </li>
            ))}
          </ul>
          {provisional(batch, running) && <p class="warn">{provisional(batch, running)}</p>}
          <ol class="batch">
            {tiles.slice(0, all ? undefined : FIRST).map((tile) => (
              <BatchCard key={tile.tile} tile={tile} most={most} slug={slug} />
            ))}
          </ol>
          {tiles.length > FIRST && (
            <button type="button" class="button quiet more" onClick={() => setAll(!all)}>
              {all ? `Show the first ${FIRST}` : shownOf(tiles.length, batch.size)}
            </button>
          )}
        </>
      )}
    </Panel>
  );
}

const shownOf = (tiles: number, size: number): string =>
  tiles === size ? `Show all ${size}` : `Show ${tiles} of ${grouped(size)}`;

interface BatchCardProps {
  tile: BatchTile;
  /** The largest score of the batch. */
  most: number;
  slug: string;
}

function BatchCard({ tile, most, slug }: BatchCardProps) {
  const { place, datetime, rank, score, slice, why, state, nearest } = tile;
  return (
    <li>
      <a
        href={`${cataloguePath(slug)}?place=${encodeURIComponent(place)}`}
        aria-label={`${place} in the catalogue`}
      >
        <Thumb tile={tile.tile} side={96} />
      </a>
      <div>
        <p>
          <strong>{rank}</strong>
          <span class={`slice ${slice}`}>{slice}</span>
          {score !== null && (
            <span class="score" title="Score: higher means the model learns more">
              <span style={{ width: `${most ? (100 * score) / most : 0}%` }} />
              {score.toFixed(2)}
            </span>
          )}
        </p>
        <p>{why}</p>
        <ul class="parts">
          {partsOf(tile).map((part) => (
            <li key={part}>{part}</li>
          ))}
        </ul>
        <p class="faint">
          {place} · {day(datetime)} {state && <span class={`state ${state}`}>{state}</span>}
        </p>
      </div>
      {nearest && (
        <figure class="nearest">
          <Thumb tile={nearest} side={48} />
          <figcaption>nearest labelled</figcaption>
        </figure>
      )}
    </li>
  );
}
