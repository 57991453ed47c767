import { thumbnailOf } from "../../api/calls";
import type { BatchTile, Progress } from "../../api/types";
import { Synthetic } from "../../widgets/badge";
import { Card, Empty } from "../../widgets/card";
import { counted, day } from "../../words";

/** The tiles the last round picked, in the order they are served, each with its reason. */
export function BatchPanel({ progress: { batch } }: { progress: Progress }) {
  const note = batch && (
    <>
      round {batch.round} · {counted(batch.tiles.length, "tile")}{" "}
      {batch.tiles.some(({ synthetic }) => synthetic) && <Synthetic />}
    </>
  );
  return (
    <Card title="This batch: why these tiles" note={note} span="full">
      {batch?.tiles.length ? (
        <ol class="batch">
          {batch.tiles.map((tile) => (
            <BatchCard key={tile.tile} {...tile} />
          ))}
        </ol>
      ) : (
        <Empty>No batch is open. Start a round: it picks the tiles worth labelling next.</Empty>
      )}
    </Card>
  );
}

function BatchCard({ tile, place, datetime, rank, score, slice, why, state }: BatchTile) {
  return (
    <li>
      <img src={thumbnailOf(tile)} alt="" width="96" height="96" loading="lazy" />
      <div>
        <p>
          <strong>{rank}</strong>
          <span class={`slice ${slice}`}>{slice}</span>
          {score !== null && (
            <span title="Score: higher means the model learns more">{score.toFixed(2)}</span>
          )}
        </p>
        <p>{why}</p>
        <p class="faint">{place}</p>
        <p class="faint">
          {day(datetime)} · <span class={`state ${state}`}>{state}</span>
        </p>
      </div>
    </li>
  );
}
