import type { ComponentChildren } from "preact";
import { SignedOut } from "../../api/problems";
import { leadPath } from "../../route";
import { Button } from "../../widgets/button";
import { Failure } from "../../widgets/failure";
import { openNext, reclaim, skip } from "./claiming";
import { Confirming } from "./confirming";
import { campaign, work } from "./desk";
import { downloadDrawing } from "./download";
import { kept } from "./keeping";
import { hush, notice, type Phase, phase } from "./phase";
import { Skipping } from "./skipping";
import { goOnDrawing, submitLate, tryNow } from "./submitting";

/** What lies over the image: a note, or the reason why there is nothing to draw on. */
export function Messages() {
  return (
    <div class="messages">
      <PhaseMessage phase={phase.value} />
      <Note />
    </div>
  );
}

function Note() {
  const note = notice.value;
  if (!note) return null;
  return (
    <section class={`note ${note.tone}`} role={note.tone === "info" ? "status" : "alert"}>
      <div>
        <strong>{note.title}</strong>
        {note.text && <p>{note.text}</p>}
      </div>
      {note.actions.map(({ label, run }) => (
        <Button key={label} onClick={run}>
          {label}
        </Button>
      ))}
      <button type="button" class="close" aria-label="Close (Esc)" onClick={hush}>
        ×
      </button>
    </section>
  );
}

function PhaseMessage({ phase }: { phase: Phase }) {
  switch (phase.name) {
    case "loading":
      return work.value ? null : <Sheet title={phase.what} busy />;
    case "empty":
      return <Empty {...phase} />;
    case "lost":
      return <Lost {...phase} />;
    case "confirming":
      return <Confirming {...phase} />;
    case "queued":
      return <Queued />;
    case "skipping":
      return <Skipping />;
    case "stuck":
      return <Stuck {...phase} />;
    default:
      return null;
  }
}

interface SheetProps {
  title: string;
  busy?: boolean;
  children?: ComponentChildren;
}

function Sheet({ title, busy = false, children }: SheetProps) {
  return (
    <section class="sheet" role="status" aria-busy={busy}>
      <h1>{title}</h1>
      {children}
    </section>
  );
}

function Empty({ message, help }: { message: string; help: string }) {
  const role = campaign.value?.role ?? "";
  return (
    <Sheet title={message}>
      {help && <p>{help}</p>}
      <p class="row">
        <Button look="main" onClick={() => void openNext()}>
          Look again
        </Button>
        {role === "lead" && (
          <a class="button" href={leadPath(campaign.value!.slug)}>
            Lead page
          </a>
        )}
        <a class="button quiet" href="/">
          Home
        </a>
      </p>
    </Sheet>
  );
}

/** The page can't go on; where it is for one tile's sake, that tile can be reported and left. */
function Stuck({ problem, retry, task }: Extract<Phase, { name: "stuck" }>) {
  const report = () => {
    phase.value = { name: "loading", what: "Putting the tile away …" };
    void skip(task!, "technical", problem.message.slice(0, 2000));
  };
  return (
    <>
      <Failure problem={problem} retry={retry} />
      {task && !(problem instanceof SignedOut) && (
        <p class="leave">
          <Button onClick={report}>Report this tile and take the next</Button>
        </p>
      )}
    </>
  );
}

function Queued() {
  return (
    <Sheet title="You are offline: your label is waiting">
      <p>
        {kept.value.state === "impossible"
          ? "This browser can't keep it: don't close the page. It"
          : "It is kept in this browser, and"}{" "}
        is submitted as soon as the server answers: once, however often it is tried.
      </p>
      <p class="row">
        <Button look="main" onClick={goOnDrawing}>
          Go on drawing
        </Button>
        <Button onClick={tryNow}>Try now</Button>
      </p>
    </Sheet>
  );
}

function Lost({ problem, refused }: Extract<Phase, { name: "lost" }>) {
  return (
    <Sheet title="Your time with this tile has run out">
      <p>
        {problem.message} {problem.help}
      </p>
      <p>
        Your drawing is kept in this browser. Claim again: if the tile is still free, you go on
        where you were.
      </p>
      <p class="row">
        <Button look="main" onClick={() => void reclaim()}>
          Claim again
        </Button>
        {!refused && <Button onClick={() => void submitLate()}>Submit it as it is</Button>}
        {work.value && (
          <Button onClick={() => downloadDrawing(work.value!)}>Download drawing</Button>
        )}
        <a class="button quiet" href="/">
          Home
        </a>
      </p>
    </Sheet>
  );
}
