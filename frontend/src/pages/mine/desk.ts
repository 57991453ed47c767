import { signal } from "@preact/signals";
import { fetchCampaign } from "../../api/calls";
import { fetchMyFeedback, fetchMyWork, type OwnWork, type SaidPage } from "../../api/own";
import { type Problem, problemOfThrown } from "../../api/problems";
import type { Campaign } from "../../api/types";

const PAGE = 10;

export const campaign = signal<Campaign | null>(null);
export const work = signal<OwnWork | null>(null);
/** All verdicts fetched so far, as one page. */
export const said = signal<SaidPage | null>(null);
export const problem = signal<Problem | null>(null);

export async function open(slug: string): Promise<void> {
  problem.value = null;
  try {
    [campaign.value, work.value, said.value] = await Promise.all([
      fetchCampaign(slug),
      fetchMyWork(slug),
      fetchMyFeedback(slug, PAGE),
    ]);
  } catch (error) {
    problem.value = problemOfThrown(error);
  }
}

export async function more(slug: string): Promise<void> {
  const before = said.value;
  if (!before?.cursor) return;
  try {
    const next = await fetchMyFeedback(slug, PAGE, before.cursor);
    said.value = { ...next, results: [...before.results, ...next.results] };
  } catch (error) {
    problem.value = problemOfThrown(error);
  }
}
