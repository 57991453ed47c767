import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../../widgets/button";
import { skip } from "./claiming";
import { work } from "./desk";
import { mayDraw, phase } from "./phase";

/** Codes that the server knows, and how a person would say it. */
const REASONS = [
  ["cannot_decide", "It can't be told what is what"],
  ["bad_imagery", "The picture is broken: stripes, missing bands, a wrong place"],
  ["technical", "The workbench failed: something didn't load or didn't work"],
] as const;

export function askWhy(): void {
  if (mayDraw.value) phase.value = { name: "skipping" };
}

function goOn(): void {
  phase.value = { name: "drawing" };
}

/** Why a tile is put away unlabelled; keys 1 to 3 choose at once. */
export function Skipping() {
  const [note, setNote] = useState("");
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const choose = (reason: string) => {
    const task = work.value?.task;
    if (!task) return;
    phase.value = { name: "submitting" };
    void skip(task, reason, note.trim());
  };
  return (
    <dialog
      ref={dialog}
      class="sheet skipping"
      aria-label="Skip this tile"
      onCancel={goOn}
      onKeyDown={(event) => {
        event.stopPropagation();
        const inNote = event.target instanceof HTMLTextAreaElement;
        const chosen = REASONS[Number(event.key) - 1];
        if (chosen && !inNote) choose(chosen[0]);
      }}
    >
      <h1>Why can't this tile be labelled?</h1>
      <p class="hint">A reviewer looks at it. To leave it to somebody else, put it back instead.</p>
      <ul>
        {REASONS.map(([code, words], k) => (
          <li key={code}>
            <Button shortcut={String(k + 1)} onClick={() => choose(code)}>
              {words}
            </Button>
          </li>
        ))}
      </ul>
      <label>
        A note, if there is more to say
        <textarea
          rows={2}
          maxLength={2000}
          value={note}
          onInput={({ currentTarget }) => setNote(currentTarget.value)}
        />
      </label>
      <p class="row">
        <Button look="quiet" shortcut="Esc" onClick={goOn}>
          Go on drawing
        </Button>
      </p>
    </dialog>
  );
}
