import { type Overruling, type Submission, submitDrawing } from "../../api/calls";
import { freshKey } from "../../api/client";
import { type Problem, problemOfThrown, Refused, SignedOut, Unreachable } from "../../api/problems";
import { submissionBytes } from "../../editor/drawing";
import { signInPath } from "../../route";
import { percent } from "../../words";
import { fillRest } from "./acts";
import { openNext } from "./claiming";
import { change, clearClass, labelled, type Work, work } from "./desk";
import { downloadDrawing } from "./download";
import { difficulty, lastSubmitted, remark } from "./finish";
import { forget, keepNow } from "./keeping";
import { loseTile } from "./lease";
import { untilPicture } from "./measure";
import { type Action, hush, mayDraw, phase, tell } from "./phase";
import { askWhich, nothingOnItsWay, sent } from "./sending";

const openSignIn = () => {
  window.open(signInPath(), "_blank");
};

const PAUSES = [1000, 3000, 8000]; // milliseconds before each further attempt when no answer came

let attempt: (Submission & { change: number }) | null = null;
let warnedOf = "";

/** Submit the drawing and go on to the next tile. */
export async function submitAndNext(): Promise<void> {
  const held = work.value;
  if (!held || !mayDraw.value) return;
  held.edits.end();
  if (!isReady(held)) return;
  await submitHeld(held, null);
}

/** Submit although the server warned, with the person's note that says why. */
export async function submitAnyway(overruling: Overruling): Promise<void> {
  if (work.value) await submitHeld(work.value, overruling);
}

/** Leave the warnings and go on drawing. */
export function backToDrawing(): void {
  phase.value = { name: "drawing" };
}

async function submitHeld(held: Work, overruling: Overruling | null): Promise<void> {
  if (sent.value.state === "conflict") {
    askWhich(held, "Decide first which of the two drawings stays, then submit it.");
    return;
  }
  hush();
  untilPicture("next tile");
  phase.value = { name: "submitting" };
  await nothingOnItsWay();
  try {
    await send(attemptOf(held, overruling));
  } catch (error) {
    await afterFailure(problemOfThrown(error));
    return;
  }
  lastSubmitted.value = { id: held.task.id, place: held.task.tile.place };
  await forget(held);
  await openNext();
}

/** Submit a drawing whose lease ran out: it counts as long as nobody else has taken the tile. */
export async function submitLate(): Promise<void> {
  phase.value = { name: "drawing" };
  await submitAndNext();
}

/** Says what is missing: nothing labelled is refused, parts not labelled are warned of once. */
function isReady(held: Work): boolean {
  if (labelled.value === 0) {
    tell("warn", "Nothing is labelled yet", "Paint what you see; R labels the rest as clear.");
    return false;
  }
  if (labelled.value === 1 || warnedOf === held.task.id) return true;
  warnedOf = held.task.id;
  tell(
    "warn",
    `${percent(1 - labelled.value)} of this tile is not labelled`,
    "Submit once more (⇧⏎) to leave it so, or fill it first.",
    [
      { label: "Submit as it is", run: () => void submitAndNext() },
      ...(clearClass.value ? [{ label: "Rest is clear", run: restIsClear }] : []),
    ],
  );
  return false;
}

export function restIsClear(): void {
  phase.value = { name: "drawing" };
  fillRest();
  hush();
}

/** The same drawing goes out under the same key, however often it is sent. */
function attemptOf({ task, edits }: Work, overruling: Overruling | null): Submission {
  const same =
    attempt?.task === task.id &&
    attempt.change === change.value.count &&
    attempt.difficulty === difficulty.value &&
    attempt.note === remark.value.trim() &&
    attempt.overruling === overruling;
  if (!attempt || !same) {
    attempt = {
      task: task.id,
      schemaVersion: task.schema_version,
      octets: submissionBytes(edits.drawing),
      key: freshKey(),
      difficulty: difficulty.value,
      note: remark.value.trim(),
      overruling,
      change: change.value.count,
    };
  }
  return attempt;
}

async function send(submission: Submission): Promise<void> {
  for (const pause of PAUSES) {
    try {
      await submitDrawing(submission);
      return;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
    }
    tell("warn", "The server can't be reached", "Trying again; your drawing is kept.");
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  await submitDrawing(submission);
}

async function afterFailure(problem: Problem): Promise<void> {
  await keepNow();
  if (problem instanceof Refused && problem.code === "not_yours") {
    hush();
    await loseTile(problem, true);
    return;
  }
  if (problem instanceof Refused && problem.findings.length) {
    phase.value = { name: "confirming", findings: problem.findings };
    return;
  }
  phase.value = { name: "drawing" };
  const again = { label: "Submit again", run: () => void submitAndNext() };
  const signIn = { label: "Sign in", run: openSignIn };
  const download = { label: "Download drawing", run: () => downloadDrawing(work.value!) };
  const actions: Action[] = problem instanceof SignedOut ? [signIn, again] : [again];
  if (problem instanceof Refused && work.value) actions.push(download);
  tell("error", problem.message, `${problem.help} Your drawing is kept.`.trim(), actions);
}
