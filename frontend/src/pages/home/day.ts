import { computed, signal } from "@preact/signals";
import { fetchCampaign, fetchMe, fetchTask } from "../../api/calls";
import {
  type Day,
  type Example,
  fetchGuide,
  fetchMyDay,
  fetchMyFeedback,
  type SaidPage,
} from "../../api/own";
import { type Problem, problemOfThrown } from "../../api/problems";
import type { Campaign, Me, TaskStatus } from "../../api/types";
import { paletteFor, shadesOf } from "../../compare/painting";

export type Membership = Me["memberships"][number];

/** Verdicts that the home page shows; the own page has all. */
const SHOWN = 4;

export const me = signal<Me | null>(null);
export const problem = signal<Problem | null>(null);
/** Campaigns' slugs with the tile in hand there. */
export const inHand = signal<Record<string, TaskStatus>>({});
/** The campaign whose day, feedback and guide are shown. */
export const chosen = signal<Membership | null>(null);
export const chosenCampaign = signal<Campaign | null>(null);
export const day = signal<Day | null>(null);
export const feedback = signal<SaidPage | null>(null);
export const guide = signal<Example[] | null>(null);
/** Why one of the three is missing. */
export const trouble = signal<Problem | null>(null);

export const shades = computed(() => shadesOf(chosenCampaign.value?.schema.classes ?? []));
export const palette = computed(() => paletteFor(shades.value));

export async function start(): Promise<void> {
  problem.value = null;
  try {
    me.value = await fetchMe();
  } catch (error) {
    problem.value = problemOfThrown(error);
    return;
  }
  const { memberships, in_hand } = me.value;
  const [first] = [
    ...memberships.filter(({ campaign }) =>
      in_hand.some((each) => each.campaign === campaign.slug),
    ),
    ...memberships,
  ];
  await Promise.all([lookInHand(me.value), first ? choose(first) : null]);
}

/** Show this campaign's day; each part when it comes, what fails says so in its place. */
export async function choose(membership: Membership): Promise<void> {
  chosen.value = membership;
  day.value = null;
  feedback.value = null;
  guide.value = null;
  trouble.value = null;
  if (membership.role === "service") return;
  const { slug } = membership.campaign;
  const isStill = () => chosen.value?.campaign.slug === slug;
  const take = async <T>(asked: Promise<T>, into: { value: T | null }) => {
    try {
      const told = await asked;
      if (isStill()) into.value = told;
    } catch (error) {
      if (isStill()) trouble.value = problemOfThrown(error);
    }
  };
  await take(fetchCampaign(slug), chosenCampaign);
  await Promise.all([
    take(fetchMyDay(slug, midnight()), day),
    take(fetchMyFeedback(slug, SHOWN), feedback),
    take(fetchGuide(slug), guide),
  ]);
}

async function lookInHand({ in_hand }: Me): Promise<void> {
  const active = in_hand.filter(({ hold }) => hold === "active");
  const tasks = await Promise.allSettled(active.map(({ task }) => fetchTask(task)));
  const found = tasks.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  inHand.value = Object.fromEntries(found.map((task) => [task.campaign, task]));
}

/** The last one, where the person is. */
function midnight(): Date {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate());
}
