import type { ClassCount, Progress } from "../../api/types";
import { Card, Empty } from "../../widgets/card";
import { counted, grouped, percent } from "../../words";

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

/** How many tiles are labelled, by split, and what state the tasks are in. */
export function GrowthPanel({ progress: { tiles, tasks } }: { progress: Progress }) {
  const aim = tiles.target ?? tiles.total;
  return (
    <Card title="How far are we?">
      {tiles.total === 0 ? (
        <Empty>There are no tiles yet. Bring some in with “manage.py ingest”.</Empty>
      ) : (
        <>
          <p class="figure">
            <strong>{grouped(tiles.labelled)}</strong> of {counted(aim, "tile")}
            {tiles.target ? " aimed for" : ""} labelled
          </p>
          <Meter share={tiles.labelled / aim} label="Labelled tiles" />
          <Splits tiles={tiles} />
          <States tasks={tasks} />
        </>
      )}
    </Card>
  );
}

function Splits({ tiles }: { tiles: Progress["tiles"] }) {
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

function States({ tasks }: { tasks: Progress["tasks"] }) {
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

/** Labelled pixels of each class. */
export function ClassPanel({ progress: { classes } }: { progress: Progress }) {
  const total = classes.reduce((sum, { pixels }) => sum + pixels, 0);
  const most = Math.max(...classes.map(({ pixels }) => pixels), 1);
  return (
    <Card title="Which classes do we have?" note={total > 0 && `${grouped(total)} pixels`}>
      {total === 0 ? (
        <Empty>No pixel is labelled yet. The first submitted tile shows here.</Empty>
      ) : (
        <table class="bars">
          <tbody>
            {classes.map((each) => (
              <ClassBar key={each.code} {...each} most={most} total={total} />
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

type ClassBarProps = ClassCount & { most: number; total: number };

function ClassBar({ name, colour, pixels, most, total }: ClassBarProps) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="bar">
        <span style={{ width: `${(100 * pixels) / most}%`, background: colour }} />
      </td>
      <td>{percent(pixels / total)}</td>
      <td class="faint">{grouped(pixels)} px</td>
    </tr>
  );
}

export function Meter({ share, label }: { share: number; label: string }) {
  return <progress class="meter" max={1} value={Math.min(1, share)} aria-label={label} />;
}
