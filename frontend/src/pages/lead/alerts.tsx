import { type Alert, fetchAlerts } from "../../api/lead";
import type { Progress } from "../../api/types";
import { cataloguePath, qualityPath, reviewPath } from "../../route";
import { useAnswer } from "../../widgets/asked";
import { moment } from "../../words";
import { fetchedAt } from "./board";
import { Panel } from "./panel";

/** Where the rows behind a trouble are, by its code. */
const ROWS: Record<string, (slug: string) => string> = {
  round_failed: () => "#model",
  job_failed: () => "#now",
  no_worker: () => "#now",
  drift: () => "#work",
  queue_empty: (slug) => cataloguePath(slug),
  queue_stale: (slug) => `${cataloguePath(slug)}?state=open`,
  reviews_wait: reviewPath,
  flags_wait: qualityPath,
  cvat_away: () => "#work",
  cvat_behind: () => "#work",
  cvat_held: () => "#work",
  validation_scarce: (slug) => `${cataloguePath(slug)}?split=validation`,
};

/** What needs somebody now, the gravest first. */
export function AlertsPanel({ slug, progress }: { slug: string; progress: Progress }) {
  const often = Math.floor(fetchedAt.value / 15_000);
  const state = progress.running?.state ?? "";
  const { value: alerts, ...asked } = useAnswer(() => fetchAlerts(slug), [slug, often, state]);
  return (
    <Panel
      title="What needs me?"
      span="wide"
      figures={alerts ? rowsOf(alerts) : []}
      problem={asked.problem}
      loading={asked.loading}
    >
      {alerts?.length === 0 && (
        <p class="allwell">Nothing: no job has failed, the queue is filled, nobody waits.</p>
      )}
      <ul class="alerts">
        {alerts?.map((alert) => (
          <Told key={`${alert.code} ${alert.title}`} alert={alert} slug={slug} />
        ))}
      </ul>
    </Panel>
  );
}

function Told({
  alert: { code, gravity, title, what, act, since },
  slug,
}: {
  alert: Alert;
  slug: string;
}) {
  const rows = ROWS[code]?.(slug);
  return (
    <li class={gravity}>
      <span class="gravity">{gravity}</span>
      <div>
        <p>
          <strong>{rows ? <a href={rows}>{title}</a> : title}</strong>{" "}
          {since && <span class="faint">since {moment(since)}</span>}
        </p>
        <p>{what}</p>
        <p class="faint">{act}</p>
      </div>
    </li>
  );
}

const rowsOf = (alerts: Alert[]) => [
  ["gravity", "code", "title", "what", "what to do", "since"],
  ...alerts.map(({ gravity, code, title, what, act, since }) => [
    gravity,
    code,
    title,
    what,
    act,
    since,
  ]),
];
