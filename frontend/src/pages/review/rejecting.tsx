import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button } from "../../widgets/button";
import { held, phase } from "./desk";
import { reject } from "./verdicts";

/** Why the label goes back: a reason from the list, then words. All of it by keys. */
export function Rejecting() {
  const reasons = Object.entries(held.value?.reasons ?? {});
  const [reason, setReason] = useState("");
  const [note, setNote] = useState("");
  const words = useRef<HTMLTextAreaElement>(null);
  const list = useRef<HTMLDivElement>(null);
  // At once: a reviewer types on, and the next key must not meet a list that takes the focus late.
  useLayoutEffect(() => list.current?.querySelector("input")?.focus(), []);
  const isReady = reason !== "" && (reason !== "other" || note.trim() !== "");
  const send = () => isReady && void reject(reason, note.trim());
  const choose = (code: string) => {
    setReason(code);
    words.current?.focus();
  };
  const byNumber = (key: string) => reasons[(Number(key) || 10) - 1]?.[0];
  const onKeyDown = (event: KeyboardEvent) => {
    const typing = event.target === words.current;
    if (event.key === "Escape") leave();
    else if (event.key === "Enter" && !event.shiftKey) send();
    else if (!typing && /^\d$/.test(event.key) && byNumber(event.key)) choose(byNumber(event.key));
    else return;
    event.preventDefault();
  };
  return (
    <section
      class="sheet over-all rejecting"
      role="dialog"
      aria-modal="true"
      aria-label="Reject the label"
      onKeyDown={onKeyDown}
    >
      <h1>Why does it go back?</h1>
      <div ref={list} role="radiogroup" aria-label="Reason">
        {reasons.map(([code, said], k) => (
          <label key={code} class="reason">
            <input
              type="radio"
              name="reason"
              value={code}
              checked={reason === code}
              onChange={() => setReason(code)}
            />
            <kbd>{(k + 1) % 10}</kbd> {said}
          </label>
        ))}
      </div>
      <label class="words">
        In your words {reason === "other" ? "(needed)" : "(helps the author most)"}
        <textarea
          ref={words}
          rows={3}
          maxLength={2000}
          value={note}
          onInput={({ currentTarget }) => setNote(currentTarget.value)}
        />
      </label>
      <p class="row">
        <Button look="main" shortcut="⏎" disabled={!isReady} onClick={send}>
          Send back
        </Button>
        <Button look="quiet" shortcut="Esc" onClick={leave}>
          Cancel
        </Button>
      </p>
    </section>
  );
}

function leave(): void {
  phase.value = { name: "looking" };
}
