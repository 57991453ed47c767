import { useState } from "preact/hooks";
import { Button } from "../../widgets/button";
import { held, mayJudge, phase } from "./desk";
import {
  brushSize,
  canRedo,
  dropFix,
  findings,
  isChanged,
  redo,
  resize,
  sendFix,
  startFix,
  undo,
} from "./fixing";
import { accept, askReason, giveBack } from "./verdicts";

/** The bar of verdicts; while the label is being fixed, what it takes for that. */
export function Actions() {
  if (phase.value.name === "fixing") return findings.value.length ? <Warned /> : <FixBar />;
  const idle = !mayJudge.value || !held.value;
  return (
    <footer class="verdicts">
      <Button shortcut="X" look="quiet" disabled={idle} onClick={() => void giveBack()}>
        Give back
      </Button>
      <span class="grow" />
      <Button shortcut="J" disabled={idle} onClick={askReason}>
        Reject …
      </Button>
      <Button shortcut="F" disabled={idle} onClick={() => void startFix()}>
        Fix
      </Button>
      <Button shortcut="A" look="main" disabled={idle} onClick={() => void accept()}>
        Accept
      </Button>
    </footer>
  );
}

function FixBar() {
  return (
    <footer class="verdicts">
      <Button shortcut="Esc" look="quiet" onClick={dropFix}>
        Leave as it was
      </Button>
      <span class="grow" />
      <span class="row">
        <Button shortcut="[" onClick={() => resize(-1)} title="Smaller brush">
          −
        </Button>
        <span class="brush-size">brush {brushSize.value} px</span>
        <Button shortcut="]" onClick={() => resize(1)} title="Larger brush">
          +
        </Button>
      </span>
      <Button shortcut="Z" disabled={!isChanged.value} onClick={undo}>
        Undo
      </Button>
      <Button shortcut="⇧Z" disabled={!canRedo.value} onClick={redo}>
        Redo
      </Button>
      <Button shortcut="⇧⏎" look="main" disabled={!isChanged.value} onClick={() => void sendFix()}>
        Hand the fix in
      </Button>
    </footer>
  );
}

/** The checks warn of the fix as they do of any label. */
function Warned() {
  const [note, setNote] = useState("");
  const codes = findings.value.map(({ code }) => code);
  const back = () => {
    findings.value = [];
  };
  const anyway = () => {
    back();
    void sendFix({ codes, note: note.trim() });
  };
  return (
    <section class="sheet confirming over-all" role="dialog" aria-label="Warnings about your fix">
      <h1>Is this label right?</h1>
      <ul>
        {findings.value.map(({ code, message }) => (
          <li key={code}>{message}</li>
        ))}
      </ul>
      <label>
        Why it is right as it is
        <textarea
          rows={2}
          maxLength={2000}
          value={note}
          ref={(element) => element?.focus()}
          onInput={({ currentTarget }) => setNote(currentTarget.value)}
        />
      </label>
      <p class="row">
        <Button look="main" onClick={back}>
          Back to the fix
        </Button>
        <Button disabled={!note.trim()} onClick={anyway}>
          Hand it in anyway
        </Button>
      </p>
    </section>
  );
}
