import { signal } from "@preact/signals";
import { keepLease } from "../../api/calls";
import { serverNow } from "../../api/client";
import { problemOfThrown, Refused, SignedOut } from "../../api/problems";
import { signInPath } from "../../route";
import { work } from "./desk";
import { keepNow } from "./keeping";
import { phase, tell } from "./phase";

/** Seconds until the tile goes back to the queue. */
export const leaseLeft = signal(0);
export const SHORT_LEASE = 120;

const BEAT = 60_000; // milliseconds between heartbeats, as long as the person does something

let ends = 0;
let activeSince = false;
let lastBeat = 0;

export function leaseUntil(leaseEnds: string): void {
  ends = Date.parse(leaseEnds);
  lastBeat = Date.now();
  tick();
}

/** The person moved, drew or pressed a key. */
export function noteActivity(): void {
  activeSince = true;
}

/** Count down, and keep the lease alive while the person works. Returns what stops it. */
export function watchLease(): () => void {
  const timer = setInterval(() => {
    tick();
    if (due()) void beat();
  }, 1000);
  return () => clearInterval(timer);
}

/** The tile has gone to somebody else, or back to the queue: keep the drawing, let the person choose. */
export async function loseTile(problem: Refused, refused: boolean): Promise<void> {
  await keepNow();
  phase.value = { name: "lost", problem, refused };
}

function tick(): void {
  leaseLeft.value = Math.max(0, Math.round((ends - serverNow()) / 1000));
}

function due(): boolean {
  const atWork = phase.value.name === "drawing" || phase.value.name === "confirming";
  if (!work.value || !atWork || !activeSince) return false;
  const pause = leaseLeft.value < SHORT_LEASE ? BEAT / 12 : BEAT;
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

async function missed(problem: Error): Promise<void> {
  activeSince = true; // so that the next beat comes without waiting for another stroke
  if (problem instanceof Refused && problem.code === "not_yours") await loseTile(problem, false);
  if (problem instanceof SignedOut) {
    tell(
      "warn",
      problem.message,
      "Go on drawing and sign in again in a new tab before you submit.",
      [{ label: "Sign in", run: () => void window.open(signInPath(), "_blank") }],
    );
  }
}
