import { useEffect, useState } from "preact/hooks";
import { cancelJob, fetchJobs, type Job } from "../../api/lead";
import { type DoubtedLabel, fetchMining, type Mining, startMining } from "../../api/quality";
import { cataloguePath } from "../../route";
import { Ask, filledIn } from "../../widgets/ask";
import { Synthetic } from "../../widgets/badge";
import { Button } from "../../widgets/button";
import { Card, Empty } from "../../widgets/card";
import { Thumb } from "../../widgets/thumb";
import { counted, day, grouped, percent } from "../../words";
import { trouble, trying } from "./desk";

const PACE = 3000; // milliseconds between questions while a search runs
const KIND = "mining";
const LIVE = ["waiting", "running"];
const MOST = 200;

/** Labels that a model which never saw them contradicts; drawn anew by somebody else. */
export function DoubtedPanel({ slug }: { slug: string }) {
  const [mining, setMining] = useState<Mining | null | undefined>(undefined);
  const [job, setJob] = useState<Job | null>(null);
  const renew = async () => {
    const [found, jobs] = await Promise.all([fetchMining(slug), fetchJobs(slug)]);
    setMining(found);
    setJob(jobs.find(({ kind }) => kind === KIND) ?? null);
  };
  const live = job !== null && LIVE.includes(job.state);
  useEffect(() => void trying(renew), [slug]);
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => renew().catch(() => undefined), PACE);
    return () => clearInterval(timer);
  }, [live]);
  const more = () =>
    void trying(async () => {
      const next = await fetchMining(slug, mining!.cursor);
      if (next) setMining({ ...next, results: [...mining!.results, ...next.results] });
    });
  return (
    <Card title="Which labels are doubtful?" note={mining && <Note mining={mining} />} span="full">
      {live ? (
        <Running job={job} stop={() => void trying(() => stop(slug, job, renew))} />
      ) : (
        <Start start={(top) => void trying(() => start(slug, top, renew))} />
      )}
      {job?.state === "failed" && <p class="warn">The last search failed. {job.error}</p>}
      {mining === undefined && !trouble.value && <Empty>Loading …</Empty>}
      {mining === null && !live && (
        <Empty>
          No label was searched for errors yet. It takes a snapshot with labels of several scenes.
        </Empty>
      )}
      {mining && <Ranking mining={mining} slug={slug} />}
      {mining?.cursor && <Button onClick={more}>More of them</Button>}
    </Card>
  );
}

async function start(slug: string, top: number, renew: () => Promise<void>) {
  await startMining(slug, top);
  await renew();
}

async function stop(slug: string, job: Job, renew: () => Promise<void>) {
  await cancelJob(slug, job.id);
  await renew();
}

function Note({
  mining: { tiles, doubted_tiles: doubted, finished, synthetic },
}: {
  mining: Mining;
}) {
  return (
    <>
      {grouped(doubted)} of {counted(tiles, "tile")} · {day(finished)} {synthetic && <Synthetic />}
    </>
  );
}

function Running({ job, stop }: { job: Job; stop: () => void }) {
  const { stage = "", done = 0, total = 0 } = job.progress ?? {};
  return (
    <p class="row">
      <span role="status">
        Searching: {stage || "waiting for a worker"} {total > 0 && `${done} of ${total}`}
      </span>
      {job.can_cancel && (
        <Ask label="Stop" question="What the search has done so far is lost. Stop?" act={stop} />
      )}
    </p>
  );
}

function Start({ start }: { start: (top: number) => void }) {
  const [top, setTop] = useState(0);
  return (
    <form class="row" onSubmit={(event) => event.preventDefault()}>
      <label>
        Have the most doubtful drawn anew:{" "}
        <input
          type="number"
          min={0}
          max={MOST}
          required
          value={top}
          onChange={({ currentTarget }) => setTop(currentTarget.valueAsNumber)}
        />
      </label>
      <Ask
        label="Search the newest snapshot"
        question={
          top
            ? `Train models to judge every label, and open up to ${counted(top, "task")} for somebody other than the author?`
            : "Train models to judge every label? Nothing is opened; labels are only ranked."
        }
        ready={filledIn}
        act={() => start(top)}
      />
    </form>
  );
}

function Ranking({ mining, slug }: { mining: Mining; slug: string }) {
  const passed = Object.entries(mining.passed_over);
  return (
    <>
      <ol class="doubted">
        {mining.results.map((label) => (
          <Doubted key={label.annotation} label={label} slug={slug} />
        ))}
      </ol>
      {passed.length > 0 && (
        <p class="hint">Not opened: {passed.map(([why, n]) => `${n} ${why}`).join("; ")}.</p>
      )}
      <p class="hint">{mining.formula}</p>
    </>
  );
}

function Doubted({ label, slug }: { label: DoubtedLabel; slug: string }) {
  const { rank, key, tile, author, source, doubtfulness, judged, doubted, pairs } = label;
  const place = key.slice(0, key.lastIndexOf("/"));
  return (
    <li>
      {tile && <Thumb tile={tile} side={72} />}
      <div>
        <p>
          <strong>{rank}</strong>{" "}
          <a href={`${cataloguePath(slug)}?place=${encodeURIComponent(place)}`}>{place}</a>{" "}
          <span class="faint">{author || source}</span>
        </p>
        <p>
          doubtfulness {doubtfulness.toFixed(2)} · {percent(judged ? doubted / judged : 0)} of{" "}
          {counted(judged, "pixel")} contradicted
        </p>
        <p class="faint">
          {pairs
            .slice(0, 2)
            .map(({ given, seen, pixels }) => `${given}, looks like ${seen}: ${grouped(pixels)} px`)
            .join(" · ")}
        </p>
        {label.task_state && (
          <p>
            drawn anew: <span class={`state ${label.task_state}`}>{label.task_state}</span>
          </p>
        )}
      </div>
    </li>
  );
}
