import { computed, signal } from "@preact/signals";
import { fetchCampaign } from "../../api/calls";
import {
  type CatalogueQuery,
  type CatalogueTile,
  fetchCatalogue,
  pickTiles,
} from "../../api/catalogue";
import { type Problem, problemOfThrown, Refused } from "../../api/problems";
import type { Campaign } from "../../api/types";
import { counted } from "../../words";
import { queryOf, searchOf } from "./filters";

const PAGE = 200;

export const campaign = signal<Campaign | null>(null);
export const query = signal<CatalogueQuery>(queryOf(location.search));
export const tiles = signal<CatalogueTile[]>([]);
/** Where the next page begins; null: all that there is has been fetched. */
const cursor = signal<string | null>(null);
export const hasMore = computed(() => cursor.value !== null);
export const busy = signal(true);
/** Why the page as a whole can't be shown. */
export const problem = signal<Problem | null>(null);
/** A filter that makes no sense, or a page that didn't come. */
export const trouble = signal<Problem | null>(null);
export const chosen = signal<ReadonlySet<string>>(new Set());
export const compared = signal<CatalogueTile | null>(null);
export const said = signal("");

/** Counts the questions: an answer to an older one is dropped. */
let asked = 0;

export async function open(slug: string): Promise<void> {
  problem.value = null;
  try {
    campaign.value = await fetchCampaign(slug);
  } catch (error) {
    problem.value = problemOfThrown(error);
    return;
  }
  await ask();
}

/** Narrow the list down, or order it otherwise. The address says how, so that it can be sent. */
export async function narrow(changed: Record<string, string>): Promise<void> {
  query.value = queryOf(searchOf({ ...query.value, ...changed } as CatalogueQuery));
  history.replaceState(null, "", location.pathname + searchOf(query.value));
  chosen.value = new Set();
  await ask();
}

export async function clearFilters(): Promise<void> {
  const { sort = "" } = query.value;
  query.value = {};
  await narrow({ sort });
}

async function ask(): Promise<void> {
  asked++;
  tiles.value = [];
  cursor.value = null;
  await fetchPage();
}

export async function fetchPage(): Promise<void> {
  const mine = asked;
  const from = cursor.value;
  busy.value = true;
  trouble.value = null;
  try {
    const page = await fetchCatalogue(campaign.value!.slug, {
      ...query.value,
      limit: PAGE,
      ...(from ? { cursor: from } : {}),
    });
    if (mine !== asked) return;
    tiles.value = [...tiles.value, ...page.results];
    cursor.value = page.cursor;
  } catch (error) {
    if (mine !== asked) return;
    const found = problemOfThrown(error);
    if (found instanceof Refused && found.status === 403) problem.value = found;
    else trouble.value = found;
  }
  busy.value = false;
}

/** Nearer the end than this many cells, the next page is fetched. */
const AHEAD = 100;

export function seen(upTo: number): void {
  const near = upTo > tiles.value.length - AHEAD;
  if (near && hasMore.value && !busy.value && !trouble.value) void fetchPage();
}

export function toggle(id: string): void {
  const next = new Set(chosen.value);
  if (!next.delete(id)) next.add(id);
  chosen.value = next;
}

/** Choose all cells between two, as a list does with the shift key. */
export function chooseRange(from: number, to: number): void {
  const [low, high] = from < to ? [from, to] : [to, from];
  const ids = tiles.value.slice(low, high + 1).map(({ id }) => id);
  chosen.value = new Set([...chosen.value, ...ids]);
}

export function choose(ids: string[]): void {
  chosen.value = new Set(ids);
}

/** Send what is chosen to the lane of the lead's picks. */
export async function sendToPicks(why: string): Promise<boolean> {
  const ids = [...chosen.value];
  try {
    const { picked } = await pickTiles(campaign.value!.slug, ids, why);
    said.value = `${counted(picked.length, "tile")} sent to lane pick: served out of turn.`;
  } catch (error) {
    trouble.value = problemOfThrown(error);
    return false;
  }
  chosen.value = new Set();
  await ask();
  return true;
}
