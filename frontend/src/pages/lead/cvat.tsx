import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { fetchCvat, fetchCvatHeld } from "../../api/calls";
import { problemOfThrown } from "../../api/problems";
import type { CvatHeld, CvatStatus } from "../../api/types";
import { Card } from "../../widgets/card";
import { counted, grouped } from "../../words";
import { fetchedAt } from "./board";
import { health, held, lag } from "./cvatdata";

const status = signal<CvatStatus | null>(null);
const jobs = signal<CvatHeld[]>([]);
const refusal = signal("");

/** The campaign's CVAT server: how far behind, what is held and why; nothing where there is none. */
export function CvatPanel({ slug }: { slug: string }) {
  const asked = fetchedAt.value;
  useEffect(() => void ask(slug), [slug, asked]);
  if (!status.value) return refusal.value ? <Refused /> : null;
  return <Told status={status.value} />;
}

function Told({ status }: { status: CvatStatus }) {
  const away = status.breaker !== "closed";
  return (
    <Card
      title="Does CVAT keep up?"
      note={`${grouped(status.imported)} of ${counted(status.jobs, "job")} here`}
    >
      <p class={away ? "warn" : "hint"} role={away ? "alert" : undefined}>
        {health(status)}
      </p>
      <p>
        {lag(status)} {status.unsent > 0 && `${counted(status.unsent, "message")} wait to be sent.`}
      </p>
      {status.oldest && (
        <p class="hint">
          Oldest: <a href={status.oldest.where}>{status.oldest.tile}</a>
        </p>
      )}
      <Held status={status} />
    </Card>
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
    <Card title="Does CVAT keep up?">
      <p class="warn" role="alert">
        {refusal.value}
      </p>
    </Card>
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
