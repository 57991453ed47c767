import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { fetchCvat, fetchCvatHeld } from "../../api/calls";
import { pullCvat } from "../../api/lead";
import { problemOfThrown } from "../../api/problems";
import type { CvatHeld, CvatStatus } from "../../api/types";
import { Button } from "../../widgets/button";
import { counted, grouped } from "../../words";
import { campaign, fetchedAt } from "./board";
import { cvatRows, health, held, lag } from "./cvatdata";
import { CvatPeopleList } from "./cvatpeople";
import { Panel } from "./panel";

const status = signal<CvatStatus | null>(null);
const jobs = signal<CvatHeld[]>([]);
const refusal = signal("");

/** The campaign's CVAT server: how far behind, what is held and why; nothing where there is none. */
export function CvatPanel({ slug }: { slug: string }) {
  const asked = fetchedAt.value;
  useEffect(() => void ask(slug), [slug, asked]);
  if (!status.value) return refusal.value ? <Refused /> : null;
  return <Told status={status.value} slug={slug} />;
}

function Told({ status, slug }: { status: CvatStatus; slug: string }) {
  const away = status.breaker !== "closed" || status.refused !== "";
  return (
    <Panel
      title="Does CVAT keep up?"
      span="full"
      note={`${grouped(status.imported)} of ${counted(status.jobs, "job")} here`}
      rows={{ href: `${status.url}/projects/${status.project}`, words: "project" }}
      figures={cvatRows(status)}
    >
      <p class={away ? "warn" : "hint"} role={away ? "alert" : undefined}>
        {health(status)}
      </p>
      <p>
        {lag(status)} {status.unsent > 0 && `${counted(status.unsent, "message")} wait to be sent.`}{" "}
        {status.unready > 0 && `${counted(status.unready, "batch", "batches")} not there yet.`}{" "}
        {status.waits_because}
      </p>
      {status.oldest && (
        <p class="hint">
          Oldest: <a href={status.oldest.where}>{status.oldest.tile}</a>
        </p>
      )}
      <Held status={status} />
      {campaign.value?.role === "lead" && (
        <>
          <Pull slug={slug} />
          <CvatPeopleList slug={slug} />
        </>
      )}
    </Panel>
  );
}

function Held({ status }: { status: CvatStatus }) {
  const reasons = held(status);
  if (!reasons.length) return <p class="hint">No job is held.</p>;
  return (
    <details>
      <summary>Held: {reasons.map(([words, count]) => `${count} ${words}`).join(", ")}</summary>
      <ul>
        {jobs.value.map(({ id, where, tile, person, reason }) => (
          <li key={id}>
            <a href={where}>{tile}</a> {person && `(${person})`}: {reason}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Refused() {
  return (
    <Panel title="Does CVAT keep up?" span="full">
      <p class="warn" role="alert">
        {refusal.value}
      </p>
    </Panel>
  );
}

/** Has a worker fetch at once what it would fetch within a minute. */
function Pull({ slug }: { slug: string }) {
  const [said, setSaid] = useState("");
  const pull = () =>
    pullCvat(slug).then(
      (pulls) => setSaid(pulls ? "A worker fetches now." : "There is nothing to fetch."),
      (error: unknown) => setSaid(problemOfThrown(error).message),
    );
  return (
    <p class="row">
      <Button onClick={() => void pull()}>Fetch from CVAT now</Button>
      <span role="status">{said}</span>
    </p>
  );
}

async function ask(slug: string): Promise<void> {
  try {
    const told = (await fetchCvat(slug)).status;
    const some = told && Object.keys(told.held).length > 0;
    jobs.value = some ? (await fetchCvatHeld(slug)).results : [];
    status.value = told;
    refusal.value = "";
  } catch (error) {
    refusal.value = problemOfThrown(error).message;
  }
}
