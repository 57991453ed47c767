import { computed, signal } from "@preact/signals";
import { extendLease } from "../../api/annotating";
import { keepLease } from "../../api/calls";
import { serverNow } from "../../api/client";
import { type Problem, problemOfThrown, Refused, SignedOut } from "../../api/problems";
import { work } from "./desk";
import { keepNow } from "./keeping";
import { phase, tell } from "./phase";
import { tellSignedOut } from "./signedout";

/** Seconds until the tile goes back to the queue. */
export const leaseLeft = signal(0);
/** Seconds since the person last did something. */
const idleFor = signal(0);

/** Whether so little time is left that the person is warned. */
export const leaseShort = computed(
  () => work.value !== null && leaseLeft.value < work.value.task.warn_seconds,
);

/** The time left is shown to who rests or is short of it; to who works it would only be in the way. */
export const leaseShown = computed(
  () =>
    work.value !== null &&
    (leaseShort.value || idleFor.value >= work.value.task.idle_after_seconds),
);

const BEAT = 60_000; // milliseconds between heartbeats, as long as the person does something

let ends = 0;
let activeSince = false;
let lastActive = Date.now();
let lastBeat = 0;

export function leaseUntil(leaseEnds: string): void {
  ends = Date.parse(leaseEnds);
  lastBeat = Date.now();
  tick();
}

/** The person moved, drew or pressed a key. */
export function noteActivity(): void {
  activeSince = true;
  lastActive = Date.now();
}

/** Count down, and keep the lease alive while the person works. Returns what stops it. */
export function watchLease(): () => void {
  const timer = setInterval(() => {
    tick();
    if (due()) void beat();
  }, 1000);
  return () => clearInterval(timer);
}

/** Ask for a fresh lease by name, as before a pause. */
export async function extend(): Promise<void> {
  const held = work.value;
  if (!held) return;
  try {
    const { lease_ends } = await extendLease(held.task.id);
    if (work.value === held) leaseUntil(lease_ends);
  } catch (error) {
    if (work.value !== held) return;
    const problem = problemOfThrown(error);
    await missed(problem);
    if (!(problem instanceof SignedOut) && phase.value.name !== "lost") {
      tell("warn", "The time could not be extended", `${problem.message} ${problem.help}`);
    }
  }
}

/** The tile has gone to somebody else, or back to the queue: keep the drawing, let the person choose. */
export async function loseTile(problem: Refused, refused: boolean): Promise<void> {
  await keepNow();
  phase.value = { name: "lost", problem, refused };
}

function tick(): void {
  leaseLeft.value = Math.max(0, Math.round((ends - serverNow()) / 1000));
  idleFor.value = Math.floor((Date.now() - lastActive) / 1000);
}

function due(): boolean {
  const atWork = ["drawing", "confirming", "skipping"].includes(phase.value.name);
  if (!work.value || !atWork || !activeSince) return false;
  const pause = leaseShort.value ? BEAT / 12 : BEAT;
  return Date.now() - lastBeat >= pause;
}

async function beat(): Promise<void> {
  const held = work.value!;
  activeSince = false;
  lastBeat = Date.now();
  try {
    const { lease_ends } = await keepLease(held.task.id);
    if (work.value === held) leaseUntil(lease_ends);
  } catch (error) {
    if (work.value === held) await missed(problemOfThrown(error));
  }
}

async function missed(problem: Problem): Promise<void> {
  activeSince = true; // so that the next beat comes without waiting for another stroke
  if (problem instanceof Refused && problem.code === "not_yours") await loseTile(problem, false);
  if (problem instanceof SignedOut) tellSignedOut();
}
