import { type Overruling, type Submission, submitDrawing } from "../../api/calls";
import { freshKey } from "../../api/client";
import { type Problem, problemOfThrown, Refused, SignedOut, Unreachable } from "../../api/problems";
import { submissionBytes } from "../../editor/drawing";
import { forgetInHand } from "../../inhand";
import { signInPath } from "../../route";
import { percent } from "../../words";
import { openNext } from "./claiming";
import { change, clearClass, fillRest, labelled, me, type Work, work } from "./desk";
import { forget, keepNow } from "./keeping";
import { loseTile } from "./lease";
import { hush, mayDraw, phase, tell } from "./phase";

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
  hush();
  phase.value = { name: "submitting" };
  try {
    await send(attemptOf(held, overruling));
  } catch (error) {
    await afterFailure(problemOfThrown(error));
    return;
  }
  forgetInHand(localStorage, me.value!.username, held.task.campaign);
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
    attempt.overruling === overruling;
  if (!attempt || !same) {
    attempt = {
      task: task.id,
      schemaVersion: task.schema_version,
      octets: submissionBytes(edits.drawing),
      key: freshKey(),
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
  if (problem instanceof Refused && problem.code === "needs_confirmation") {
    phase.value = { name: "confirming", findings: problem.findings };
    return;
  }
  phase.value = { name: "drawing" };
  const again = { label: "Submit again", run: () => void submitAndNext() };
  const signIn = { label: "Sign in", run: () => void window.open(signInPath(), "_blank") };
  const actions = problem instanceof SignedOut ? [signIn, again] : [again];
  tell("error", problem.message, `${problem.help} Your drawing is kept.`.trim(), actions);
}
