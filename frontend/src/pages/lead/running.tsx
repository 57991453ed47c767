import { type Signal, signal } from "@preact/signals";
import { cancelRound, startRound } from "../../api/calls";
import { problemOfThrown } from "../../api/problems";
import type { Progress, Round, RunningRound } from "../../api/types";
import { Ask, filledIn } from "../../widgets/ask";
import { Card } from "../../widgets/card";
import { duration, grouped } from "../../words";
import { campaign, failedRound, refresh } from "./board";
import { Meter } from "./counts";

const STEPS: Record<string, string> = {
  freeze: "Freeze the labels",
  fit: "Train the model",
  judge: "Judge it beside the champion",
  score: "Score the pool",
  pick: "Pick the batch",
  open: "Open the tasks",
};

const strategy = signal("");
const batch = signal<number | null>(null);
const seed = signal<number | null>(null);
const busy = signal(false);
const refusal = signal("");

/** The running round with its steps, or the form that starts one. */
export function RoundPanel({ progress: { running }, slug }: { progress: Progress; slug: string }) {
  const mayAct = campaign.value?.role === "lead";
  if (running) return <Running running={running} slug={slug} mayAct={mayAct} />;
  return (
    <Card title="Start the next round">
      {failedRound.value && <Failed round={failedRound.value} />}
      <p class="hint">
        A round trains on all labels there are, ranks the pool and puts the best tiles first in the
        queue.
      </p>
      {mayAct ? <StartForm slug={slug} /> : <p class="hint">Only a lead can start one.</p>}
      <Refusal />
    </Card>
  );
}

interface RunningProps {
  running: RunningRound;
  slug: string;
  mayAct: boolean;
}

function Running({ running, slug, mayAct }: RunningProps) {
  const { n, steps, progress, attempts } = running;
  return (
    <Card
      title={`Round ${n} is running`}
      note={attempts > 1 && `attempt ${attempts}, after an interruption`}
    >
      <ol class="steps">
        {steps.map(({ name, state }) => (
          <li key={name} class={state} aria-current={state === "running" ? "step" : undefined}>
            <span class="mark" aria-hidden="true" />
            {STEPS[name] ?? name} <span class="faint">{state}</span>
          </li>
        ))}
      </ol>
      {running.error && <p class="warn">{running.error}</p>}
      {progress && <LiveProgress progress={progress} />}
      {mayAct && (
        <Ask
          label="Cancel the round"
          question={`Stop round ${n}? Its training is lost; what is labelled stays labelled.`}
          disabled={busy.value}
          act={() => void act(slug, () => cancelRound(slug, n))}
        />
      )}
      <Refusal />
    </Card>
  );
}

function LiveProgress({ progress }: { progress: NonNullable<RunningRound["progress"]> }) {
  const { stage, done, total, rate, eta_seconds: eta, loss, workers } = progress;
  const facts = [
    `${grouped(done)} of ${grouped(total)}`,
    rate ? `${rate.toFixed(1)} per second` : "",
    eta ? `about ${duration(eta)} left` : "",
    typeof loss === "number" ? `loss ${loss.toFixed(3)}` : "",
    workers.length > 1 ? `${workers.length} workers` : "",
  ];
  return (
    <div class="live">
      <Meter share={total ? done / total : 0} label={STEPS[stage] ?? stage} />
      <p class="faint" title={workers.join("\n")}>
        {facts.filter(Boolean).join(" · ")}
      </p>
    </div>
  );
}

function StartForm({ slug }: { slug: string }) {
  const strategies = campaign.value?.strategies ?? [];
  const chosen = strategy.value || campaign.value?.strategy || strategies[0];
  const start = () => {
    const size = batch.value === null ? {} : { batch: batch.value };
    const dice = seed.value === null ? {} : { seed: seed.value };
    void act(slug, () => startRound(slug, { strategy: chosen, ...size, ...dice }));
  };
  return (
    <form class="start" onSubmit={(event) => event.preventDefault()}>
      <label>
        Strategy
        <select
          value={chosen}
          onChange={(event) => {
            strategy.value = event.currentTarget.value;
          }}
        >
          {strategies.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <NumberField
        label="Tiles"
        min={1}
        max={10_000}
        value={batch}
        placeholder={String(campaign.value?.batch_size ?? "")}
      />
      <NumberField label="Seed" min={0} max={2 ** 32 - 1} value={seed} placeholder="drawn" />
      <Ask
        label={busy.value ? "Starting …" : "Start round"}
        question={`Older open tasks of the active lane are closed. Start (${chosen}) and open up to ${grouped(
          batch.value ?? campaign.value?.batch_size ?? 0,
        )}?`}
        look="main"
        disabled={busy.value}
        ready={filledIn}
        act={start}
      />
    </form>
  );
}

interface NumberFieldProps {
  label: string;
  min: number;
  max: number;
  value: Signal<number | null>;
  placeholder?: string;
}

function NumberField({ label, value, ...input }: NumberFieldProps) {
  return (
    <label>
      {label}
      <input
        type="number"
        step={1}
        {...input}
        value={value.value ?? ""}
        onChange={({ currentTarget: { value: words, valueAsNumber } }) => {
          value.value = words === "" ? null : valueAsNumber;
        }}
      />
    </label>
  );
}

function Failed({ round: { n, error } }: { round: Round }) {
  return (
    <div class="note error" role="alert">
      <div>
        <strong>Round {n} failed</strong>
        <p>{error || "The reason is in the worker's log."}</p>
        <p>
          Labels and queue are as they were. Put right what the message names, then start again; a
          new round begins from the labels there are by then.
        </p>
      </div>
    </div>
  );
}

function Refusal() {
  if (!refusal.value) return null;
  return (
    <p class="warn" role="alert">
      {refusal.value}
    </p>
  );
}

async function act(slug: string, call: () => Promise<unknown>): Promise<void> {
  busy.value = true;
  refusal.value = "";
  try {
    await call();
  } catch (error) {
    const problem = problemOfThrown(error);
    refusal.value = `${problem.message} ${problem.help}`.trim();
  }
  busy.value = false;
  await refresh(slug);
}
