import { fetchQueue, type Lane, type Queue } from "../../api/lead";
import type { Progress } from "../../api/types";
import { cataloguePath, reviewPath } from "../../route";
import { useAnswer } from "../../widgets/asked";
import { Empty } from "../../widgets/card";
import { counted, grouped, percent } from "../../words";
import { fetchedAt } from "./board";
import { Panel } from "./panel";
import { ageOf, forecast, laneRows } from "./queuedata";

/** Each lane's depth, age, expiries and forecast, and what waits for review. */
export function QueuePanel({ slug, progress }: { slug: string; progress: Progress }) {
  const { value: queue, ...state } = useAnswer(() => fetchQueue(slug), [slug, progress]);
  const lanes = queue?.lanes.filter(({ waiting, in_hand, served }) => waiting || in_hand || served);
  return (
    <Panel
      title="Will the queue last?"
      span="wide"
      note={queue && counted(sum(queue, "waiting"), "tile waits", "tiles wait")}
      rows={{ href: `${cataloguePath(slug)}?state=open`, words: "tiles" }}
      figures={queue ? laneRows(queue) : []}
      problem={state.problem}
      loading={state.loading}
    >
      {lanes?.length === 0 && <Empty>Nothing is in the queue. Start a round to fill it.</Empty>}
      {lanes && lanes.length > 0 && <Lanes lanes={lanes} slug={slug} />}
      {queue && <Reviews queue={queue} slug={slug} />}
    </Panel>
  );
}

function Lanes({ lanes, slug }: { lanes: Lane[]; slug: string }) {
  const now = fetchedAt.value;
  return (
    <div class="sideways">
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">Lane</th>
            <th scope="col">waiting</th>
            <th scope="col">oldest</th>
            <th scope="col">in hand</th>
            <th scope="col">expired</th>
            <th scope="col">served, 7 days</th>
            <th scope="col">share of served</th>
            <th scope="col">to be</th>
            <th scope="col">empty in</th>
          </tr>
        </thead>
        <tbody>
          {lanes.map((lane) => (
            <tr key={lane.lane}>
              <th scope="row">
                <a href={`${cataloguePath(slug)}?lane=${lane.lane}`}>{lane.lane}</a>
              </th>
              <td title={lane.kept ? `${lane.kept} of them for one person or level` : ""}>
                {grouped(lane.waiting)}
              </td>
              <td>{lane.oldest ? ageOf(lane.oldest, now) : "–"}</td>
              <td>{grouped(lane.in_hand)}</td>
              <td class={lane.expired ? "warn" : ""}>{grouped(lane.expired)}</td>
              <td>{grouped(lane.served)}</td>
              <td>{lane.served_share === null ? "–" : percent(lane.served_share)}</td>
              <td>{lane.share ? percent(lane.share) : "paused"}</td>
              <td class={soon(lane) ? "warn" : ""}>{forecast(lane)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Reviews({ queue: { review }, slug }: { queue: Queue; slug: string }) {
  const { waiting, in_hand, oldest } = review;
  return (
    <p class="hint">
      <a href={reviewPath(slug)}>Review</a>: {counted(waiting, "label waits", "labels wait")}
      {oldest && `, the oldest for ${ageOf(oldest, fetchedAt.value)}`}
      {in_hand > 0 && `; ${grouped(in_hand)} in hand`}. The forecast takes the pace of the last
      seven days and adds no tiles.
    </p>
  );
}

const soon = ({ empty_in_days: days, waiting }: Lane) => waiting > 0 && days !== null && days < 2;

const sum = ({ lanes }: Queue, what: "waiting"): number =>
  lanes.reduce((total, lane) => total + lane[what], 0);
