import type { Progress } from "../../api/types";
import { Empty } from "../../widgets/card";
import { grouped } from "../../words";

const STATES: Record<string, string> = {
  open: "waiting",
  reserved: "in somebody's hand",
  submitted: "submitted",
  in_review: "in review",
  accepted: "accepted",
  rejected: "rejected",
  skipped: "skipped",
  closed: "closed",
  superseded: "superseded",
};

/** Tiles and labelled ones of each split. */
export function Splits({ tiles }: { tiles: Progress["tiles"] }) {
  const apart = tiles.labelled - tiles.labelled_pool;
  return (
    <table class="numbers">
      <thead>
        <tr>
          <th scope="col">Split</th>
          <th scope="col">tiles</th>
          <th scope="col">labelled</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">pool, to learn from</th>
          <td>{grouped(tiles.pool)}</td>
          <td>{grouped(tiles.labelled_pool)}</td>
        </tr>
        <tr>
          <th scope="row">validation and test, never learnt from</th>
          <td>
            {grouped(tiles.validation)} + {grouped(tiles.test)}
          </td>
          <td>{grouped(apart)}</td>
        </tr>
        {tiles.synthetic > 0 && (
          <tr>
            <th scope="row">of them synthetic (painted)</th>
            <td>{grouped(tiles.synthetic)}</td>
            <td />
          </tr>
        )}
      </tbody>
    </table>
  );
}

export function States({ tasks }: { tasks: Progress["tasks"] }) {
  const present = Object.entries(tasks).filter(([, count]) => count > 0);
  if (!present.length) {
    return <Empty>Nothing is in the queue. Start a round to fill it.</Empty>;
  }
  return (
    <ul class="chips" aria-label="Tasks by state">
      {present.map(([state, count]) => (
        <li key={state}>
          <strong>{grouped(count)}</strong> {STATES[state] ?? state}
        </li>
      ))}
    </ul>
  );
}

export function Meter({ share, label }: { share: number; label: string }) {
  return <progress class="meter" max={1} value={Math.min(1, share)} aria-label={label} />;
}
