import { problemOfThrown, Refused, SignedOut } from "../../api/problems";
import { acceptLabel, rejectLabel, releaseReview } from "../../api/review";
import { held, mayJudge, openNext, phase, tell } from "./desk";

/** Take the label as it is, and go on to the next one. */
export async function accept(): Promise<void> {
  if (!mayJudge.value) return;
  await judge("Accepted", (task) => acceptLabel(task));
}

export function askReason(): void {
  if (mayJudge.value) phase.value = { name: "rejecting" };
}

/** Send the label back to its author, and go on to the next one. */
export async function reject(reason: string, note: string): Promise<void> {
  await judge("Sent back", (task) => rejectLabel(task, reason, note));
}

/** Give the label back unreviewed. The one that waits longest comes next: it may be the same. */
export async function giveBack(): Promise<void> {
  if (!mayJudge.value || !held.value) return;
  phase.value = { name: "sending" };
  try {
    await releaseReview(held.value.task.id);
    location.assign("/");
  } catch (error) {
    failed(error);
  }
}

async function judge(done: string, send: (task: string) => Promise<unknown>): Promise<void> {
  const { id, tile } = held.value!.task;
  phase.value = { name: "sending" };
  try {
    await send(id);
  } catch (error) {
    failed(error);
    return;
  }
  await goOn(`${done}: ${tile.place}`);
}

export async function goOn(said: string): Promise<void> {
  await openNext();
  tell("info", said);
}

/** The label stays in sight; whoever lost it to somebody else gets the next one by hand. */
export function failed(error: unknown): void {
  const problem = problemOfThrown(error);
  phase.value = { name: "looking" };
  const lost = problem instanceof Refused && ["not_yours", "conflict"].includes(problem.code);
  const help = lost ? `${problem.help} N fetches the next label.` : problem.help;
  const signIn = problem instanceof SignedOut ? " Then press the key again." : "";
  tell("error", problem.message, `${help}${signIn}`.trim());
}
