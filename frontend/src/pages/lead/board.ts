import { computed, signal } from "@preact/signals";
import { fetchCampaign, fetchProgress } from "../../api/calls";
import { type Problem, problemOfThrown } from "../../api/problems";
import type { Campaign, Progress } from "../../api/types";

/** What the lead sees, fetched again and again. */
export const campaign = signal<Campaign | null>(null);
export const progress = signal<Progress | null>(null);
export const problem = signal<Problem | null>(null);
/** When `progress` was answered; milliseconds. */
export const fetchedAt = signal(0);

const BUSY = 2000; // milliseconds between questions while a round runs
const QUIET = 15_000;

let timer: ReturnType<typeof setTimeout> | undefined;

/** The newest round, where it failed and nothing runs since. */
export const failedRound = computed(() => {
  const { rounds = [], running = null } = progress.value ?? {};
  const newest = rounds.reduce<(typeof rounds)[number] | undefined>(
    (best, round) => (best && best.n > round.n ? best : round),
    undefined,
  );
  return !running && newest?.state === "failed" ? newest : null;
});

export const isSynthetic = computed(() => (progress.value?.tiles.synthetic ?? 0) > 0);

/** Ask now, and from then on as often as something may have changed. Returns what stops it. */
export function watch(slug: string): () => void {
  const ask = () => void refresh(slug);
  document.addEventListener("visibilitychange", ask);
  ask();
  return () => {
    document.removeEventListener("visibilitychange", ask);
    clearTimeout(timer);
  };
}

export async function refresh(slug: string): Promise<void> {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    campaign.value ??= await fetchCampaign(slug);
    progress.value = await fetchProgress(slug);
    fetchedAt.value = Date.now();
    problem.value = null;
  } catch (error) {
    problem.value = problemOfThrown(error);
  }
  clearTimeout(timer);
  timer = setTimeout(() => void refresh(slug), progress.value?.running ? BUSY : QUIET);
}
