import { useState } from "preact/hooks";
import type { Finding } from "../../api/problems";
import { Button } from "../../widgets/button";
import { clearClass } from "./desk";
import { backToDrawing, restIsClear, submitAnyway } from "./submitting";

/** What the server found in the label: the person mends it, or says why it is right. */
export function Confirming({ findings }: { findings: Finding[] }) {
  const [note, setNote] = useState("");
  const codes = findings.map(({ code }) => code);
  const anyway = () => void submitAnyway({ codes, note: note.trim() });
  return (
    <section class="sheet confirming" role="dialog" aria-label="Warnings about this label">
      <h1>Is this label right?</h1>
      <ul>
        {findings.map(({ code, message }) => (
          <li key={code}>{message}</li>
        ))}
      </ul>
      <label>
        Why it is right as it is
        <textarea
          rows={2}
          maxLength={2000}
          value={note}
          onInput={({ currentTarget }) => setNote(currentTarget.value)}
        />
      </label>
      <p class="row">
        <Button look="main" onClick={backToDrawing}>
          Back to the drawing
        </Button>
        {codes.includes("unlabelled") && clearClass.value && (
          <Button onClick={restIsClear}>Rest is clear</Button>
        )}
        <Button disabled={!note.trim()} onClick={anyway}>
          Submit anyway
        </Button>
      </p>
    </section>
  );
}
