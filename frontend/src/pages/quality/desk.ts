import { signal } from "@preact/signals";
import { fetchCampaign } from "../../api/calls";
import { type Problem, problemOfThrown } from "../../api/problems";
import {
  type Agreement,
  type Flag,
  fetchAgreement,
  fetchFlags,
  fetchGold,
  fetchPairs,
  type Gold,
  type Outcome,
  type PeoplePair,
  resolveFlag,
  retireGold,
} from "../../api/quality";
import { fetchWaiting, type Waiting } from "../../api/review";
import type { Campaign } from "../../api/types";

export const campaign = signal<Campaign | null>(null);
export const waiting = signal<Waiting[] | null>(null);
export const flags = signal<Flag[] | null>(null);
const flagCursor = signal<string | null>(null);
export const agreement = signal<Agreement | null>(null);
export const pairs = signal<PeoplePair[] | null>(null);
export const gold = signal<Gold[] | null>(null);
/** Why the page as a whole can't be shown. */
export const problem = signal<Problem | null>(null);
/** What a button was refused. */
export const trouble = signal<Problem | null>(null);

/** Reviewers see what waits and what is flagged; leads how people agree, and gold. */
export async function open(slug: string): Promise<void> {
  problem.value = null;
  try {
    campaign.value = await fetchCampaign(slug);
    const [queue, page] = await Promise.all([fetchWaiting(slug), fetchFlags(slug, null)]);
    waiting.value = queue.results;
    take(page.results, page.cursor);
    if (campaign.value.role !== "lead") return;
    const [found, people, tiles] = await Promise.all([
      fetchAgreement(slug),
      fetchPairs(slug),
      fetchGold(slug),
    ]);
    agreement.value = found;
    pairs.value = people.results;
    gold.value = tiles.results;
  } catch (error) {
    problem.value = problemOfThrown(error);
  }
}

export const nameOfClass = (code: number): string =>
  campaign.value?.schema.classes.find((each) => each.code === code)?.name ?? `code ${code}`;

export const hasMoreFlags = () => flagCursor.value !== null;

export async function moreFlags(): Promise<void> {
  await trying(async () => {
    const page = await fetchFlags(campaign.value!.slug, flagCursor.value);
    take([...(flags.value ?? []), ...page.results], page.cursor);
  });
}

export async function decide(flag: Flag, outcome: Outcome): Promise<void> {
  await trying(async () => {
    await resolveFlag(campaign.value!.slug, flag.id, outcome);
    flags.value = flags.value!.filter(({ id }) => id !== flag.id);
  });
}

/** Serve the gold tile no more: it goes into the guide. */
export async function retire(annotation: string): Promise<void> {
  await trying(async () => {
    const retired = await retireGold(campaign.value!.slug, annotation);
    gold.value = gold.value!.map((each) => (each.annotation === annotation ? retired : each));
  });
}

function take(found: Flag[], cursor: string | null): void {
  flags.value = found;
  flagCursor.value = cursor;
}

/** Do it, and show what was refused. */
export async function trying(act: () => Promise<void>): Promise<void> {
  trouble.value = null;
  try {
    await act();
  } catch (error) {
    trouble.value = problemOfThrown(error);
  }
}
