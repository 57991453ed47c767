import { useEffect, useState } from "preact/hooks";
import { cancelRound, startRound } from "../../api/calls";
import { fetchRoundPlan, fetchRounds, type RoundPlan } from "../../api/controls";
import type { Round } from "../../api/types";
import { leadPath } from "../../route";
import { Ask } from "../../widgets/ask";
import { Button } from "../../widgets/button";
import { Card, Empty } from "../../widgets/card";
import { counted, duration, grouped, moment } from "../../words";
import { busy, campaign, said, settings, trying } from "./desk";

/** While a round runs, its step is asked for so often. */
const PACE = 5000;

/** Start a round: first what it would do, then it does; or stop the one that runs. */
export function RoundsPanel() {
  const { slug } = campaign.value!;
  const [rounds, setRounds] = useState<Round[] | null>(null);
  const [plan, setPlan] = useState<RoundPlan | null>(null);
  const renew = async () => {
    setRounds((await fetchRounds(slug)).results);
  };
  const running = rounds?.find(({ state }) => ["planned", "running"].includes(state));
  useEffect(() => void trying(renew), [slug]);
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => renew().catch(() => undefined), PACE);
    return () => clearInterval(timer);
  }, [running?.n]);
  const look = () =>
    void trying(async () => {
      setPlan(await fetchRoundPlan(slug));
    });
  return (
    <Card title="What would a round do now?" span="full">
      {rounds === null && <Empty>Loading …</Empty>}
      {running && <Running round={running} renew={renew} />}
      {rounds && !running && (
        <Button look={plan ? "plain" : "main"} disabled={busy.value} onClick={look}>
          {plan ? "Look again" : "Look at the plan"}
        </Button>
      )}
      {plan && !running && (
        <Plan
          plan={plan}
          started={async () => {
            setPlan(null);
            await renew();
          }}
        />
      )}
      {rounds?.length === 0 && !plan && <Empty>No round yet.</Empty>}
    </Card>
  );
}

function Running({ round, renew }: { round: Round; renew: () => Promise<void> }) {
  const { slug } = campaign.value!;
  const cancel = () =>
    void trying(async () => {
      await cancelRound(slug, round.n);
      await renew();
      said.value = `Round ${round.n} was asked to stop. What is labelled stays labelled.`;
    });
  return (
    <p class="row running-round">
      <span role="status">
        Round {round.n} is {round.state}, at step {round.step}, since {moment(round.created)}.
      </span>
      <a class="button quiet" href={leadPath(slug)}>
        Its progress
      </a>
      <Ask
        label="Cancel it"
        question={`Stop round ${round.n}? Its training is lost.`}
        act={cancel}
      />
    </p>
  );
}

function Plan({ plan, started }: { plan: RoundPlan; started: () => Promise<void> }) {
  const { slug } = campaign.value!;
  const [strategy, setStrategy] = useState(plan.strategy);
  const [batch, setBatch] = useState(String(campaign.value!.batch_size));
  const wanted = Number(batch);
  const fits = Number.isInteger(wanted) && wanted >= 1 && wanted <= 100_000;
  const start = () =>
    void trying(async () => {
      const round = await startRound(slug, { strategy, batch: wanted });
      await started();
      said.value = `Round ${round.n} is planned: a worker takes it up.`;
    });
  return (
    <div class="plan">
      <p>
        It would train on the labels there are, rank {counted(plan.pool, "tile")} of the pool, and
        open {counted(Math.min(fits ? wanted : plan.batch, plan.pool), "task")} ({strategy}).{" "}
        {counted(plan.known, "tile")} {plan.known === 1 ? "is" : "are"} labelled or in hand.{" "}
        {plan.minutes === null
          ? "How long it takes nobody can tell yet."
          : `The last one took ${duration(plan.minutes * 60)}.`}
      </p>
      <p class="hint">{plan.words}</p>
      {plan.because.length > 0 && <Reasons title="For a round now" lines={plan.because} />}
      {plan.why_not.length > 0 && (
        <Reasons title="Why none starts by itself" lines={plan.why_not} />
      )}
      <div class="start">
        <label>
          Strategy
          <select
            value={strategy}
            onChange={({ currentTarget }) => setStrategy(currentTarget.value)}
          >
            {settings.value?.strategies.map(({ name, help }) => (
              <option key={name} value={name} title={help}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          Tasks to open
          <input
            inputMode="numeric"
            value={batch}
            aria-invalid={!fits}
            onInput={({ currentTarget }) => setBatch(currentTarget.value)}
          />
        </label>
        <Ask
          label="Start the round"
          question={`Older open tasks of the active lane are closed. Start${
            fits ? ` and open up to ${grouped(wanted)}` : ""
          }?`}
          disabled={busy.value || !plan.can_start || !fits}
          act={start}
        />
      </div>
    </div>
  );
}

function Reasons({ title, lines }: { title: string; lines: string[] }) {
  return (
    <>
      <h3>{title}</h3>
      <ul class="reasons">
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </>
  );
}
