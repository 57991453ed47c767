import { useState } from "preact/hooks";
import { cancelJob, fetchJobs, type Job, retryJob } from "../../api/lead";
import { problemOfThrown } from "../../api/problems";
import type { Progress } from "../../api/types";
import { Ask } from "../../widgets/ask";
import { type Answered, useAnswer } from "../../widgets/asked";
import { Button } from "../../widgets/button";
import { Empty } from "../../widgets/card";
import { duration, grouped, moment } from "../../words";
import { campaign, fetchedAt, refresh } from "./board";
import { Meter } from "./counts";
import { Panel } from "./panel";

/** Long work: what runs and how far it is, what failed and why; cancelled and sent again here. */
export function JobsPanel({ slug, progress }: { slug: string; progress: Progress }) {
  const round = progress.running?.n ?? 0;
  const jobs = useAnswer(() => fetchJobs(slug), [slug, fetchedAt.value, round]);
  const list = jobs.value ?? [];
  return (
    <Panel
      title="What is being worked on?"
      figures={rowsOf(list)}
      problem={jobs.problem}
      loading={jobs.loading}
    >
      {jobs.value && list.length === 0 && (
        <Empty>Nothing yet: rounds, snapshots, exports and releases are listed here.</Empty>
      )}
      {list.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
        <section class="scroll" tabIndex={0} aria-label="Jobs, the newest first">
          <ul class="jobs">
            {list.map((job) => (
              <JobRow key={job.id} job={job} slug={slug} jobs={jobs} />
            ))}
          </ul>
        </section>
      )}
    </Panel>
  );
}

interface JobRowProps {
  job: Job;
  slug: string;
  jobs: Answered<Job[]>;
}

function JobRow({ job, slug, jobs }: JobRowProps) {
  const [refusal, setRefusal] = useState("");
  const mayAct = campaign.value?.role === "lead";
  const act = async (call: typeof cancelJob) => {
    try {
      await call(slug, job.id);
      setRefusal("");
    } catch (error) {
      const { message, help } = problemOfThrown(error);
      setRefusal(`${message} ${help}`.trim());
    }
    jobs.again();
    await refresh(slug);
  };
  return (
    <li>
      <p>
        <strong>{nameOf(job)}</strong>{" "}
        <span class={`state ${job.state}`}>{job.cancelling ? "stopping" : job.state}</span>
        <span class="grow" />
        <span class="faint">
          {job.asked_by} {moment(job.finished ?? job.created)}
        </span>
        {mayAct && job.can_cancel && (
          <Ask
            label="Cancel"
            question={`Stop ${nameOf(job)}? What it has done so far is lost.`}
            act={() => void act(cancelJob)}
          />
        )}
        {mayAct && job.can_retry && <Button onClick={() => void act(retryJob)}>Send again</Button>}
      </p>
      {job.progress && job.state === "running" && <Live progress={job.progress} />}
      {job.error && <p class="warn">{job.error}</p>}
      {job.attempts > 1 && (
        <p class="faint">attempt {job.attempts}: a worker ended, another went on</p>
      )}
      {refusal && (
        <p class="warn" role="alert">
          {refusal}
        </p>
      )}
    </li>
  );
}

function Live({ progress }: { progress: NonNullable<Job["progress"]> }) {
  const { stage, done, total, eta_seconds: eta, workers } = progress;
  return (
    <div class="live">
      <Meter share={total ? done / total : 0} label={stage || "progress"} />
      <p class="faint" title={workers.join("\n")}>
        {stage} {grouped(done)} of {grouped(total)}
        {eta ? ` · about ${duration(eta)} left` : ""}
        {workers.length > 1 ? ` · ${workers.length} workers` : ""}
      </p>
    </div>
  );
}

const nameOf = ({ kind, round }: Job): string => (round ? `${kind} ${round}` : kind);

const rowsOf = (jobs: Job[]) => [
  ["job", "round", "state", "stage", "attempts", "asked by", "created", "finished", "error"],
  ...jobs.map((job) => [
    job.kind,
    job.round,
    job.state,
    job.stage,
    job.attempts,
    job.asked_by,
    job.created,
    job.finished,
    job.error,
  ]),
];
