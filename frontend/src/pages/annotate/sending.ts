/** The drawing on its way to the server: soon after a change, again when the network is back. */
import { effect, signal } from "@preact/signals";
import { fetchDraft, sendDraft } from "../../api/annotating";
import { type Problem, problemOfThrown, Refused, SignedOut } from "../../api/problems";
import { submissionBytes } from "../../editor/drawing";
import { replace } from "../../editor/patch";
import { change, edit, type Work, work } from "./desk";
import { keepAs } from "./keeping";
import { loseTile } from "./lease";
import { hush, tell } from "./phase";
import { tellSignedOut } from "./signedout";

/** What the server has of the drawing on the desk. */
export type Sent =
  | { state: "nothing" }
  | { state: "waiting" }
  | { state: "saved"; at: number }
  /** It can't be reached; the drawing waits in this browser. */
  | { state: "away" }
  /** Another tab has saved: the person decides which drawing stays. */
  | { state: "conflict" };

export const sent = signal<Sent>({ state: "nothing" });

const PAUSE = 4000; // milliseconds from the first change not sent yet: what a lost machine costs
const RETRY = 15_000;

let timer: ReturnType<typeof setTimeout> | undefined;
let sending: Promise<void> = Promise.resolve();

/** Send the drawing some seconds after it was changed. Returns what stops it. */
export function sendDrawing(): () => void {
  const back = () => sent.value.state === "away" && soon(0);
  addEventListener("online", back);
  const stop = effect(follow());
  return () => {
    stop();
    removeEventListener("online", back);
    clearTimeout(timer);
  };
}

function follow(): () => void {
  let onDesk: Work | null = null;
  return () => {
    const held = work.value;
    void change.value;
    if (held !== onDesk) {
      onDesk = held;
      clearTimeout(timer);
      sent.value = { state: held?.trouble === "newer elsewhere" ? "conflict" : "nothing" };
    } else if (held && ["nothing", "saved"].includes(sent.peek().state)) {
      sent.value = { state: "waiting" };
      soon(PAUSE);
    }
  };
}

/** Once nothing is on its way any more: what comes next must not be overtaken by a draft. */
export async function nothingOnItsWay(): Promise<void> {
  clearTimeout(timer);
  let awaited: Promise<void> | null = null;
  // Whoever waited for the same one may have sent another by now.
  while (awaited !== sending) {
    awaited = sending;
    await awaited;
  }
}

/** Send at once what is waiting. */
export async function sendNow(): Promise<void> {
  await nothingOnItsWay();
  const held = work.value;
  const { state } = sent.value;
  if (!held || (state !== "waiting" && state !== "away")) return;
  sending = send(held);
  await sending;
}

function soon(pause: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => void sendNow(), pause);
}

async function send(held: Work): Promise<void> {
  const { count } = change.value;
  try {
    held.base = await sendDraft(held.task, submissionBytes(held.edits.drawing), held.base);
  } catch (error) {
    if (work.value === held) await failed(held, problemOfThrown(error));
    return;
  }
  if (work.value !== held) return;
  if (change.value.count !== count) {
    sent.value = { state: "waiting" };
    soon(PAUSE);
    // With the version it goes on from: else the next visit would take it for another tab's.
    await keepAs(held, false);
    return;
  }
  sent.value = { state: "saved", at: Date.now() };
  await keepAs(held, true);
}

async function failed(held: Work, problem: Problem): Promise<void> {
  const code = problem instanceof Refused ? problem.code : "";
  if (code === "not_yours") return loseTile(problem as Refused, false);
  if (code === "stale_draft") return askWhich(held, problem.message);
  sent.value = { state: "away" };
  if (problem instanceof SignedOut) tellSignedOut();
  else if (problem instanceof Refused) {
    tell("error", problem.message, `${problem.help} Your drawing is kept in this browser.`);
    return;
  }
  soon(RETRY);
}

/** Two tabs, or two machines, have drawn on this tile: neither drawing is thrown away unasked. */
export function askWhich(held: Work, message: string): void {
  sent.value = { state: "conflict" };
  tell("warn", "This tile was also drawn on in another tab or on another machine", message, [
    { label: "Keep this drawing", run: () => void keepMine(held) },
    { label: "Take the other one", run: () => void takeTheirs(held) },
  ]);
}

async function keepMine(held: Work): Promise<void> {
  const theirs = await latest(held);
  if (theirs === undefined) return;
  held.base = theirs?.version ?? 0;
  goOn(held);
}

/** The other drawing comes as one step, so that undo brings this one back. */
async function takeTheirs(held: Work): Promise<void> {
  const theirs = await latest(held);
  if (theirs === undefined) return;
  if (!theirs?.planes) {
    tell("warn", "The other drawing is gone or can't be read", "This one is still here.", [
      { label: "Keep this drawing", run: () => void keepMine(held) },
    ]);
    return;
  }
  held.base = theirs.version;
  edit(replace(held.edits.drawing, theirs.planes));
  goOn(held);
}

function goOn(held: Work): void {
  if (work.value !== held) return;
  hush();
  sent.value = { state: "waiting" };
  soon(0);
}

/** The server's draft, null where there is none; undefined after saying why it can't be had. */
async function latest(held: Work) {
  try {
    return await fetchDraft(held.task);
  } catch (error) {
    const { message, help } = problemOfThrown(error);
    tell("error", message, help, [{ label: "Ask again", run: () => askWhich(held, message) }]);
    return undefined;
  }
}
