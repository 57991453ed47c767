import { claimNext, releaseTask } from "../../api/calls";
import { type Problem, problemOfThrown, Refused, SignedOut } from "../../api/problems";
import type { Task } from "../../api/types";
import { forgetInHand, rememberInHand } from "../../inhand";
import { clockTime } from "../../words";
import { campaign, me, putOnDesk, type Work, work } from "./desk";
import { downloadDrawing } from "./download";
import { keepNow } from "./keeping";
import { leaseUntil } from "./lease";
import { loadWork } from "./loading";
import { fitView } from "./look";
import { hush, phase, tell } from "./phase";
import { startOver } from "./restarting";

/** The tile after this one, held and being loaded while the person still draws. */
let ahead: Promise<Work> | null = null;

/** Show the tile in hand, or the next one. */
export async function openNext(): Promise<void> {
  phase.value = { name: "loading", what: "Fetching the next tile …" };
  hush();
  const early = await takeAhead();
  // Shown before the server has said yes; drawing waits for its word.
  if (early) show(early);
  try {
    const task = await claimNext(campaign.value!.slug, "active");
    if (early?.task.id === task.id) leaseUntil(task.lease_ends);
    else show(await load(task));
    phase.value = { name: "drawing" };
    rememberInHand(localStorage, me.value!.username, task);
    if (work.value) greet(work.value);
    loadAhead();
  } catch (error) {
    putOnDesk(null);
    stopAt(problemOfThrown(error));
  }
}

/** Give the tile in hand back to the queue; what was drawn stays in this browser. */
export async function putBack(): Promise<void> {
  const held = work.value;
  if (!held) return;
  await keepNow();
  try {
    await releaseTask(held.task.id);
    forgetInHand(localStorage, me.value!.username, held.task.campaign);
    location.assign("/");
  } catch (error) {
    const problem = problemOfThrown(error);
    tell("error", "The tile could not be put back", `${problem.message} ${problem.help}`);
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
  fitView();
}

const load = (task: Task): Promise<Work> => loadWork(campaign.value!, task, me.value!.username);

function loadAhead(): void {
  ahead = claimNext(campaign.value!.slug, "held").then(load);
  // Nothing to hold, or no network: the next claim will say so where it matters.
  ahead.catch(() => undefined);
}

async function takeAhead(): Promise<Work | null> {
  const promised = ahead;
  ahead = null;
  return promised ? promised.catch(() => null) : null;
}

function greet({ restoredFrom }: Work): void {
  if (restoredFrom === null) return;
  tell("info", `Your drawing of ${clockTime(restoredFrom)} is back`, "", [
    { label: "Go on", run: hush },
    { label: "Start over", run: () => void startOver() },
  ]);
}

function stopAt(problem: Problem): void {
  if (problem instanceof Refused && problem.code === "queue_empty") {
    phase.value = { name: "empty", message: problem.message, help: problem.help };
    return;
  }
  const retry = () => void openNext();
  phase.value = { name: "stuck", problem, retry };
  if (problem instanceof SignedOut) ahead = null;
}
