import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../../widgets/button";
import { counted, grouped } from "../../words";
import { inSight } from "./board";
import {
  aimed,
  busy,
  campaign,
  choose,
  chosen,
  footprints,
  plan,
  planSending,
  type Sending,
  said,
  send,
} from "./desk";

/** What is shown and chosen, and sending it to a lane: first what would happen, then it happens. */
export function SendingBar() {
  const shown = footprints.value?.count ?? 0;
  const picked = chosen.value?.size ?? 0;
  return (
    <footer class="actions">
      <span role="status">
        {said.value && `${said.value} `}
        {counted(shown, "tile")} shown{busy.value ? " …" : ""}
        {picked > 0 && ` · ${grouped(picked)} chosen`}
      </span>
      <Button look="quiet" disabled={shown === 0} onClick={() => choose(inSight(), false)}>
        Choose what is in sight
      </Button>
      {picked > 0 && (
        <Button look="quiet" onClick={() => choose([], false)}>
          Choose none
        </Button>
      )}
      <span class="grow" />
      {campaign.value?.role === "lead" && (
        <Button
          look="main"
          disabled={aimed.value === 0 || busy.value}
          title="Says first what would happen; nothing is sent yet"
          onClick={() => void planSending()}
        >
          Send {picked > 0 ? `the ${grouped(picked)} chosen` : `all ${grouped(shown)} shown`} to a
          lane …
        </Button>
      )}
      {plan.value && <PlanSheet plan={plan.value} />}
    </footer>
  );
}

function PlanSheet({ plan: found }: { plan: Sending }) {
  const [why, setWhy] = useState("");
  const { fit } = found;
  const sheet = useRef<HTMLElement>(null);
  useEffect(() => sheet.current?.querySelector<HTMLElement>("input, button")?.focus(), []);
  const close = () => {
    plan.value = null;
  };
  return (
    <section ref={sheet} class="plansheet" role="dialog" aria-labelledby="plan-title">
      <h2 id="plan-title">
        {fit ? `${counted(fit, "tile")} can go to lane pick` : "None of these tiles can be sent"}
      </h2>
      <ul>
        {Object.entries(found.left_out).map(([reason, n]) => (
          <li key={reason}>
            <strong>{grouped(n)}</strong> {reason}
          </li>
        ))}
      </ul>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          void send(why.trim());
        }}
      >
        {fit > 0 && (
          <>
            <input
              type="text"
              aria-label="Why these tiles"
              placeholder="why these tiles"
              maxLength={80}
              value={why}
              onInput={({ currentTarget }) => setWhy(currentTarget.value)}
            />
            <button type="submit" class="button main" disabled={busy.value}>
              Send {grouped(fit)}
            </button>
          </>
        )}
        <Button onClick={close}>{fit ? "Don’t send" : "Close"}</Button>
      </form>
      <p class="hint">They are served out of turn, to whoever is next.</p>
    </section>
  );
}
