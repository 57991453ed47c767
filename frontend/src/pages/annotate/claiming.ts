import { skipTask, withdrawTask } from "../../api/annotating";
import { claimNext, releaseTask } from "../../api/calls";
import { type Problem, problemOfThrown, Refused, SignedOut } from "../../api/problems";
import type { Task } from "../../api/types";
import { clockTime } from "../../words";
import { campaign, me, putOnDesk, type Trouble, type Work, work } from "./desk";
import { downloadDrawing } from "./download";
import { beginLabel, lastSubmitted } from "./finish";
import { forget, keepNow } from "./keeping";
import { leaseUntil } from "./lease";
import { loadWork } from "./loading";
import { fitView } from "./look";
import { hush, phase, tell } from "./phase";
import { startOver } from "./restarting";
import { askWhich, nothingOnItsWay, sendNow } from "./sending";
import { prepare } from "./views";

/** The tile after this one, held and being loaded while the person still draws. */
let ahead: Promise<Work> | null = null;

/** Show the tile in hand, or the next one; `asked`: the server has been asked for it already. */
export async function openNext(asked?: Promise<Task>): Promise<void> {
  phase.value = { name: "loading", what: "Fetching the next tile …" };
  hush();
  const early = await takeAhead();
  // Shown before the server has said yes; drawing waits for its word.
  if (early) show(early);
  let task: Task | undefined;
  try {
    task = await (asked ?? claimNext(campaign.value!.slug, "active"));
    if (early?.task.id === task.id) leaseUntil(task.lease_ends);
    else show(await load(task));
    begin();
  } catch (error) {
    putOnDesk(null);
    stopAt(problemOfThrown(error), task);
  }
}

/** Give the tile in hand back to the queue; what was drawn stays in this browser. */
export async function putBack(): Promise<void> {
  const held = work.value;
  if (!held) return;
  await keepNow();
  await nothingOnItsWay();
  try {
    await releaseTask(held.task.id);
    location.assign("/");
  } catch (error) {
    const problem = problemOfThrown(error);
    tell("error", "The tile could not be put back", `${problem.message} ${problem.help}`);
  }
}

/** Put the tile away, unlabelled, with a reason; a reviewer decides what becomes of it. */
export async function skip(task: Task, reason: string, note: string): Promise<void> {
  const held = work.value;
  await nothingOnItsWay();
  try {
    await skipTask(task.id, reason, note);
  } catch (error) {
    const problem = problemOfThrown(error);
    if (held) phase.value = { name: "drawing" };
    tell("error", "The tile could not be skipped", `${problem.message} ${problem.help}`);
    return;
  }
  if (held) await forget(held);
  await openNext();
}

/** Take the label handed in last back on the desk; the tile in work becomes the one after it. */
export async function takeBack(): Promise<void> {
  const last = lastSubmitted.value;
  if (!last || !["drawing", "empty"].includes(phase.value.name)) return;
  await keepNow();
  await sendNow();
  const stayed = phase.value;
  phase.value = { name: "loading", what: "Taking the label back …" };
  try {
    const task = await withdrawTask(last.id);
    ahead = null;
    lastSubmitted.value = null;
    show(await load(task));
    begin();
    tell("info", "Your label is yours again", "Change it and submit it anew.");
  } catch (error) {
    const problem = problemOfThrown(error);
    phase.value = stayed;
    tell("error", "The label can't be taken back", `${problem.message} ${problem.help}`);
  }
}

/**
 * Ask again for a tile whose lease ran out. The one held ahead is given back first: the server would
 * serve it before any other. Where somebody else has the lost tile by now, its drawing stays kept.
 */
export async function reclaim(): Promise<void> {
  const lost = work.value;
  const held = await takeAhead();
  if (held) await releaseTask(held.task.id).catch(() => undefined);
  await openNext();
  if (!lost || !work.value || work.value.task.id === lost.task.id) return;
  tell(
    "info",
    "That tile is with somebody else now",
    "This is another one. Your earlier drawing stays in this browser for a month.",
    [{ label: "Download it", run: () => downloadDrawing(lost) }],
  );
}

function show(next: Work): void {
  putOnDesk(next);
  leaseUntil(next.task.lease_ends);
  beginLabel();
  fitView();
}

/** The server has said that the tile is ours: drawing begins. */
function begin(): void {
  phase.value = { name: "drawing" };
  if (work.value) greet(work.value);
  loadAhead();
}

const load = (task: Task): Promise<Work> => loadWork(campaign.value!, task, me.value!.username);

function loadAhead(): void {
  ahead = claimNext(campaign.value!.slug, "held").then(load).then(drawnAhead);
  // Nothing to hold, or no network: the next claim will say so where it matters.
  ahead.catch(() => undefined);
}

function drawnAhead(held: Work): Work {
  // Not within somebody's stroke: when the page has nothing else to do.
  const later = window.requestIdleCallback ?? setTimeout;
  later(() => prepare(held));
  return held;
}

async function takeAhead(): Promise<Work | null> {
  const promised = ahead;
  ahead = null;
  return promised ? promised.catch(() => null) : null;
}

const TROUBLES: Record<Exclude<Trouble, "newer elsewhere">, [string, string]> = {
  unreadable: [
    "What you drew on this tile earlier can't be read",
    "It is put aside in this browser, and you begin with the tile as it was served.",
  ],
  unreachable: [
    "The drafts on the server can't be reached",
    "What is shown is what this browser has. Go on; it is sent when the server answers again.",
  ],
};

function greet(held: Work): void {
  const { restoredFrom, trouble } = held;
  if (trouble === "newer elsewhere") {
    askWhich(held, "You see the one of this browser. Neither is lost.");
    return;
  }
  if (trouble) {
    tell("warn", ...TROUBLES[trouble]);
    return;
  }
  if (restoredFrom === null) return;
  tell("info", `Your drawing of ${clockTime(restoredFrom)} is back`, "", [
    { label: "Go on", run: hush },
    { label: "Start over", run: () => void startOver() },
  ]);
}

function stopAt(problem: Problem, task?: Task): void {
  if (problem instanceof Refused && problem.code === "queue_empty") {
    phase.value = { name: "empty", message: problem.message, help: problem.help };
    return;
  }
  const retry = () => void openNext();
  phase.value = { name: "stuck", problem, retry, ...(task ? { task } : {}) };
  if (problem instanceof SignedOut) ahead = null;
}
