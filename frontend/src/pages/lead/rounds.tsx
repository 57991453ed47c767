import type { Progress, Round } from "../../api/types";
import { Empty } from "../../widgets/card";
import { duration, grouped, moment } from "../../words";
import { Panel } from "./panel";

/** Every round with what came of it, the newest first. */
export function RoundsPanel({ progress: { rounds } }: { progress: Progress }) {
  const newestFirst = [...rounds].sort((a, b) => b.n - a.n);
  return (
    <Panel title="What came of each round?" figures={rowsOf(newestFirst)}>
      {newestFirst.length === 0 ? (
        <Empty>No round yet.</Empty>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
        <section class="scroll" tabIndex={0} aria-label="Rounds, the newest first">
          <table class="numbers rounds">
            <thead>
              <tr>
                <th scope="col">Round</th>
                <th scope="col">strategy</th>
                <th scope="col">learnt from</th>
                <th scope="col">batch</th>
                <th scope="col">mean IoU</th>
                <th scope="col">took</th>
              </tr>
            </thead>
            <tbody>
              {newestFirst.map((round) => (
                <RoundRow key={round.n} round={round} />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Panel>
  );
}

function RoundRow({ round }: { round: Round }) {
  const { n, state, strategy, batch, labelled_pool, metrics, created, finished, error, model } =
    round;
  const mean = metrics?.class_mean_iou;
  return (
    <>
      <tr title={`Started ${moment(created)}${model ? `, model ${model}` : ""}`}>
        <th scope="row">
          {n} <span class={`state ${state}`}>{state}</span>
        </th>
        <td>{strategy}</td>
        <td>{grouped(labelled_pool)}</td>
        <td>{grouped(batch)}</td>
        <td>{typeof mean === "number" ? mean.toFixed(3) : "–"}</td>
        <td>{finished ? took(created, finished) : "–"}</td>
      </tr>
      {error && (
        <tr class="reason">
          <td colSpan={6}>{error}</td>
        </tr>
      )}
    </>
  );
}

const took = (from: string, to: string) => duration((Date.parse(to) - Date.parse(from)) / 1000);

const rowsOf = (rounds: Round[]) => [
  [
    "round",
    "state",
    "strategy",
    "learnt from",
    "batch",
    "mean IoU",
    "created",
    "finished",
    "model",
    "error",
  ],
  ...rounds.map((round) => [
    round.n,
    round.state,
    round.strategy,
    round.labelled_pool,
    round.batch,
    round.metrics?.class_mean_iou ?? null,
    round.created,
    round.finished,
    round.model,
    round.error,
  ]),
];
