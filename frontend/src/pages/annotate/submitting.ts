import { effect, untracked } from "@preact/signals";
import { type Overruling, type Submission, submitDrawing } from "../../api/calls";
import { freshKey } from "../../api/client";
import { type Problem, problemOfThrown, Refused, SignedOut, Unreachable } from "../../api/problems";
import { submissionBytes } from "../../editor/drawing";
import { signInPath } from "../../route";
import { percent } from "../../words";
import { fillRest } from "./acts";
import { openNext } from "./claiming";
import { change, clearClass, labelled, me, type Work, work } from "./desk";
import { downloadDrawing } from "./download";
import { difficulty, lastSubmitted, remark } from "./finish";
import { forget, keepNow } from "./keeping";
import { loseTile } from "./lease";
import { draftKey } from "./loading";
import { untilPicture } from "./measure";
import { type Action, hush, mayDraw, phase, tell } from "./phase";
import { onceBack, readQueued, stopWaiting, strike, writeDown } from "./queued";
import { regionsLeft, stepRegion } from "./regions";
import { askWhich, nothingOnItsWay, sent } from "./sending";

const openSignIn = () => {
  window.open(signInPath(), "_blank");
};

const PAUSES = [1000, 3000, 8000]; // milliseconds before each further attempt when no answer came

type Attempt = Submission & { change: number };

let attempt: Attempt | null = null;
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
  await deliver(held, attemptOf(held, overruling));
}

async function deliver(held: Work, submission: Submission): Promise<void> {
  phase.value = { name: "submitting" };
  const draft = draftKey(me.value!.username, held.task);
  try {
    await send(submission);
  } catch (error) {
    const problem = problemOfThrown(error);
    if (problem instanceof Unreachable) return queue(held, submission);
    strike(localStorage, draft);
    await afterFailure(problem);
    return;
  }
  strike(localStorage, draft);
  lastSubmitted.value = { id: held.task.id, place: held.task.tile.place };
  await forget(held);
  await openNext();
}

/** Keep the label until the server is back; it goes out under the same key. */
async function queue(held: Work, submission: Submission): Promise<void> {
  await keepNow();
  writeDown(localStorage, draftKey(me.value!.username, held.task), submission);
  hush();
  phase.value = { name: "queued" };
  onceBack(() => void deliver(held, submission));
}

/** Send the waiting label at once. */
export function tryNow(): void {
  stopWaiting();
  if (work.value && attempt) void deliver(work.value, attempt);
}

/** Take the label out of the queue. Should it have arrived, the server tells when it is sent anew. */
export function goOnDrawing(): void {
  stopWaiting();
  if (work.value) strike(localStorage, draftKey(me.value!.username, work.value.task));
  backToDrawing();
}

/** Hand in what was waiting when the page was closed, once its tile is back. Returns what stops it. */
export function sendQueued(): () => void {
  let onDesk: Work | null = null;
  const stop = effect(() => {
    const held = work.value;
    if (held === onDesk || !mayDraw.value) return;
    onDesk = held;
    if (held) untracked(() => resume(held));
  });
  return () => {
    stop();
    stopWaiting();
  };
}

function resume(held: Work): void {
  const draft = draftKey(me.value!.username, held.task);
  const waiting = readQueued(localStorage, draft);
  if (!waiting) return;
  // Without the drawing as it was there is nothing to hand in.
  if (held.restoredFrom === null || held.trouble) {
    strike(localStorage, draft);
    return;
  }
  difficulty.value = waiting.difficulty;
  remark.value = waiting.note;
  const again = { ...attemptOf(held, waiting.overruling), key: waiting.key };
  attempt = again;
  hush();
  void deliver(held, again);
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
  if (regionsLeft.value.length) return sayRegions(regionsLeft.value);
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

function sayRegions(left: number[]): false {
  const [words, verb] = left.length === 1 ? ["Region", "is"] : ["Regions", "are"];
  tell(
    "warn",
    `${words} ${left.join(", ")} ${verb} not done`,
    "Every pixel in them needs a class; what can't be told is unsure.",
    [
      { label: "Go there", run: () => stepRegion(1) },
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
function attemptOf({ task, edits }: Work, overruling: Overruling | null): Attempt {
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
    if (!navigator.onLine) break; // the browser will tell when it is worth trying
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
