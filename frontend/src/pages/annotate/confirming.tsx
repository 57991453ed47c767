import { useState } from "preact/hooks";
import type { Finding } from "../../api/problems";
import { Button } from "../../widgets/button";
import { clearClass } from "./desk";
import { remark } from "./finish";
import { lookAt } from "./look";
import { backToDrawing, restIsClear, submitAnyway } from "./submitting";

/** What the server found in the label: errors are mended, of warnings the person says why they are right. */
export function Confirming({ findings }: { findings: Finding[] }) {
  const [note, setNote] = useState(remark.value);
  const codes = findings.map(({ code }) => code);
  const wrong = findings.some(({ severity }) => severity === "error");
  return (
    <section class="sheet confirming" role="dialog" aria-label="What was found in this label">
      <h1>{wrong ? "This label can't be taken yet" : "Is this label right?"}</h1>
      <ul>
        {findings.map((finding) => (
          <FindingLine key={finding.code} finding={finding} />
        ))}
      </ul>
      {!wrong && (
        <label>
          Why it is right as it is
          <textarea
            rows={2}
            maxLength={2000}
            value={note}
            onInput={({ currentTarget }) => setNote(currentTarget.value)}
          />
        </label>
      )}
      <p class="row">
        <Button look="main" onClick={backToDrawing}>
          Back to the drawing
        </Button>
        {codes.includes("unlabelled") && clearClass.value && (
          <Button onClick={restIsClear}>Rest is clear</Button>
        )}
        {!wrong && (
          <Button
            disabled={!note.trim()}
            title={note.trim() ? "" : "Say first why it is right"}
            onClick={() => void submitAnyway({ codes, note: note.trim() })}
          >
            Submit anyway
          </Button>
        )}
      </p>
    </section>
  );
}

function FindingLine({ finding: { message, severity, where } }: { finding: Finding }) {
  const show = () => {
    if (where) lookAt(where);
    backToDrawing();
  };
  return (
    <li class={severity}>
      <strong>{severity === "error" ? "Must be mended" : "Warning"}</strong> {message}{" "}
      {where && (
        <Button look="quiet" onClick={show}>
          Show
        </Button>
      )}
    </li>
  );
}
