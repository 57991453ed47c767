import { computed, signal } from "@preact/signals";
import { fetchCampaign } from "../../api/calls";
import { type CatalogueQuery, pickTiles } from "../../api/catalogue";
import {
  fetchFootprints,
  type MapQuery,
  pickFiltered,
  planFiltered,
  planPicks,
} from "../../api/map";
import { Broken, type Problem, problemOfThrown, Refused } from "../../api/problems";
import type { Campaign } from "../../api/types";
import { counted } from "../../words";
import { queryOf, searchOf } from "../catalogue/filters";
import { type ColourBy, type Painted, painted } from "./colours";
import { type Footprints, idOf, unpack } from "./footprints";

/** The server takes so many picks at once, all or none. */
const AT_ONCE = 200;

export interface Sending {
  /** Tiles that can go. */
  fit: number;
  /** {why: tiles} */
  left_out: Record<string, number>;
  /** Sends them, telling how many are sent so far. */
  send: (why: string, tell: (sent: number) => void) => Promise<number>;
}

export const campaign = signal<Campaign | null>(null);
export const query = signal<MapQuery>(asked(location.search));
export const footprints = signal<Footprints | null>(null);
export const by = signal<ColourBy>("state");
export const busy = signal(true);
/** Why the page as a whole can't be shown. */
export const problem = signal<Problem | null>(null);
/** What a filter or a button was refused. */
export const trouble = signal<Problem | null>(null);
/** Places of the chosen footprints; null: none is chosen. */
export const chosen = signal<ReadonlySet<number> | null>(null);
/** Footprints under the last click, the newest first, and which of them the card shows. */
export const clicked = signal<{ places: number[]; at: number } | null>(null);
/** What sending would come to, and the act that does it; null: nothing is planned. */
export const plan = signal<Sending | null>(null);
export const said = signal("");

export const colours = computed<Painted | null>(() =>
  footprints.value ? painted(footprints.value, by.value) : null,
);
/** How many tiles would be sent: those chosen, or else all that are shown. */
export const aimed = computed(() => chosen.value?.size ?? footprints.value?.count ?? 0);

/** Counts the questions: an answer to an older one is dropped. */
let questions = 0;

export async function open(slug: string): Promise<void> {
  problem.value = null;
  try {
    campaign.value = await fetchCampaign(slug);
  } catch (error) {
    problem.value = problemOfThrown(error);
    return;
  }
  await load();
}

export async function narrow(changed: Record<string, string>): Promise<void> {
  query.value = asked(searchOf({ ...query.value, ...changed } as CatalogueQuery));
  history.replaceState(null, "", location.pathname + searchOf(query.value));
  said.value = "";
  await load();
}

export async function clearFilters(): Promise<void> {
  query.value = {};
  await narrow({});
}

/** Ask for the footprints; what was chosen among others is chosen no more. */
export async function load(): Promise<void> {
  const mine = ++questions;
  busy.value = true;
  trouble.value = null;
  try {
    const octets = await fetchFootprints(campaign.value!.slug, query.value);
    if (mine !== questions) return;
    chosen.value = null;
    clicked.value = null;
    plan.value = null;
    footprints.value = read(octets);
  } catch (error) {
    if (mine !== questions) return;
    const found = problemOfThrown(error);
    if (found instanceof Refused && found.status === 403) problem.value = found;
    else trouble.value = found;
  }
  busy.value = false;
}

function read(octets: ArrayBuffer): Footprints {
  try {
    return unpack(octets);
  } catch (error) {
    throw new Broken(`The map's answer can't be read: ${(error as Error).message}.`, "Reload.");
  }
}

function asked(search: string): MapQuery {
  const { sort, ...filters } = queryOf(search);
  return filters;
}

/** Choose these footprints; `more`: beside those chosen before. */
export function choose(places: number[], more: boolean): void {
  const before = more && chosen.value ? [...chosen.value] : [];
  const all = new Set([...before, ...places]);
  chosen.value = all.size ? all : null;
  plan.value = null;
  said.value = "";
}

/** What sending them would come to. Changes nothing. */
export async function planSending(): Promise<void> {
  await trying(async () => {
    plan.value = chosen.value ? await planChosen(chosen.value) : await planShown(query.value);
  });
}

async function planChosen(places: ReadonlySet<number>): Promise<Sending> {
  const { slug } = campaign.value!;
  const ids = [...places].map((place) => idOf(footprints.value!, place));
  const { fit: tiles, left_out } = await planPicks(slug, ids);
  const send = async (why: string, tell: (sent: number) => void) => {
    let sent = 0;
    for (let from = 0; from < tiles.length; from += AT_ONCE) {
      const part = tiles.slice(from, from + AT_ONCE);
      sent += (await pickTiles(slug, part, why)).picked.length;
      tell(sent);
    }
    return sent;
  };
  return { fit: tiles.length, left_out, send };
}

/** All that the filters show: the server takes the filters, however many tiles there are. */
async function planShown(filters: MapQuery): Promise<Sending> {
  const { slug } = campaign.value!;
  const { fit, left_out } = await planFiltered(slug, filters);
  const send = async (why: string) => (await pickFiltered(slug, filters, fit, why)).picked;
  return { fit, left_out, send };
}

/** Send what the plan says fits; what was refused meanwhile is told. */
export async function send(why: string): Promise<void> {
  const planned = plan.value!;
  let sent = 0;
  await trying(async () => {
    sent = await planned.send(why, (so) => {
      sent = so;
      said.value = `${so} of ${planned.fit} sent …`;
    });
  });
  const told = trouble.value;
  await load();
  trouble.value = told ?? trouble.value;
  said.value = `${counted(sent, "tile")} sent to lane pick: served out of turn.`;
}

async function trying(act: () => Promise<void>): Promise<void> {
  busy.value = true;
  trouble.value = null;
  try {
    await act();
  } catch (error) {
    trouble.value = problemOfThrown(error);
  }
  busy.value = false;
}
