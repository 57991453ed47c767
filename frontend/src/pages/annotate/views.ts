/** What a tile can be shown as: composites, single bands, indices, the clear date. */
import { computed, signal } from "@preact/signals";
import { fetchBands } from "../../api/calls";
import type { Campaign, Composite, Tile } from "../../api/types";
import { drawComposite, toneCurve } from "../../editor/composite";
import { drawPlane, INDICES, indexPlane, indicesFor } from "../../editor/indices";
import { campaign, type Work, work } from "./desk";
import { reference } from "./reference";
import { brightness, contrast, gamma } from "./tone";

export interface View {
  name: string;
  group: "Composites" | "Bands" | "Indices" | "Other dates";
  /** Of the tile; of the other date in that group. */
  bands: string[];
  title: string;
}

/** The campaign's composites that `tile` has the bands for; its first bands where there is none. */
export function compositesOf(campaign: Campaign, tile: Tile): Composite[] {
  const has = new Set(tile.bands);
  const possible = campaign.composites.filter(({ bands }) => bands.every((band) => has.has(band)));
  if (possible.length) return possible;
  const bands = [0, 1, 2].map((k) => tile.bands[Math.min(k, tile.bands.length - 1)]);
  return [{ name: "First bands", bands }];
}

/** Bands that any of the tile's composites shows, each once: what is needed before drawing begins. */
export function bandsShown(campaign: Campaign, tile: Tile): string[] {
  return [...new Set(compositesOf(campaign, tile).flatMap(({ bands }) => bands))];
}

export const composites = computed(() =>
  campaign.value && work.value ? compositesOf(campaign.value, work.value.task.tile) : [],
);

/** Every view of the tile on the desk, composites first. */
export const views = computed<View[]>(() => {
  const tile = work.value?.task.tile;
  if (!tile) return [];
  const titled = composites.value.map(({ name, bands }) => {
    return { name, bands, group: "Composites" as const, title: [...new Set(bands)].join(", ") };
  });
  const other = reference.value;
  const dates = other ? titled.map((each) => atOtherDate(each, other.words)) : [];
  const single = tile.bands.map((band) => {
    return { name: band, bands: [band], group: "Bands" as const, title: `${band} alone` };
  });
  const indices = indicesFor(tile.bands, tile.level).map(({ name, title, needs }) => {
    return { name: name.toUpperCase(), bands: needs, group: "Indices" as const, title };
  });
  return [...titled, ...single, ...indices, ...dates];
});

function atOtherDate({ name, bands }: View, words: string): View {
  return { name: `${words} · ${name}`, bands, group: "Other dates", title: `${name}, ${words}` };
}

/** How many views are side by side: 1, 2 or 4. */
export const paneCount = signal(1);
/** Names of the views of the four panes; the first is the one that the keys change. */
export const paneNames = signal<string[]>([]);
/** The view the first pane showed before. */
const before = signal("");

export const paneViews = computed<View[]>(() =>
  Array.from({ length: 4 }, (_, k) => {
    const all = views.value;
    return all.find(({ name }) => name === paneNames.value[k]) ?? all[k % Math.max(1, all.length)];
  }),
);

/** The first pane's view. */
export const view = computed<View | undefined>(() => paneViews.value[0]);

/** Counts bands that came after the tile was shown. */
const arrived = signal(0);

/** What each of the four panes shows, in the tile's size; null: out of sight, or still on its way. */
export const pictures = Array.from({ length: 4 }, (_, k) =>
  computed<ImageData | null>(() => {
    void arrived.value;
    const shown = paneViews.value[k];
    if (!work.value || !shown || k >= paneCount.value) return null;
    return preparedOf(work.value, shown) ?? kept(work.value, shown);
  }),
);

/** What was drawn of a tile, by what it looks like: ahead of its being shown, and since. */
const prepared = new WeakMap<Work, Map<string, ImageData>>();

const MOST = 12; // pictures kept of a tile, a megabyte each at 512²: two that blink are drawn once

function kept(held: Work, shown: View): ImageData | null {
  const image = pictureOf(held, shown);
  if (!image || shown.group === "Other dates") return image;
  const drawn = prepared.get(held) ?? new Map<string, ImageData>();
  prepared.set(held, drawn);
  if (drawn.size >= MOST) drawn.delete(drawn.keys().next().value!);
  drawn.set(looks(shown), image);
  return image;
}

const looks = ({ name }: View): string =>
  [name, brightness.value, gamma.value, contrast.value].join("/");

/** Draw what the panes would show of a tile that is held ahead: submitting then only has to show it. */
export function prepare(held: Work): void {
  const shown = paneViews.value.slice(0, paneCount.value).filter((each) => each !== undefined);
  const drawn = new Map<string, ImageData>();
  for (const each of shown) {
    const image = pictureOf(held, each);
    if (image) drawn.set(looks(each), image);
  }
  prepared.set(held, drawn);
}

const preparedOf = (held: Work, shown: View): ImageData | undefined =>
  shown.group === "Other dates" ? undefined : prepared.get(held)?.get(looks(shown));

export function pictureOf(held: Work, shown: View): ImageData | null {
  const other = shown.group === "Other dates" ? reference.value : null;
  const source = other ?? { tile: held.task.tile, bands: held.bands };
  if (!shown.bands.every((band) => source.bands.has(band))) return null;
  const bands = shown.bands.map((band) => source.bands.get(band)!);
  const image = new ImageData(held.task.tile.width, held.task.tile.height);
  const out = new Uint32Array(image.data.buffer);
  const index = shown.group === "Indices" ? indexOf(shown.name) : undefined;
  if (index) drawPlane(indexPlane(index, bands), index, out);
  else drawComposite(bands, curvesOf(source.tile, shown.bands), out);
  return image;
}

const indexOf = (name: string) => INDICES.find((each) => each.name === name.toLowerCase());

/** Screen bytes of each band under the product's one stretch and the person's tone. */
export function curvesOf(tile: Tile, bands: string[]): Uint8Array[] {
  const tone = { brightness: brightness.value, gamma: gamma.value, contrast: contrast.value };
  const made = new Map<string, Uint8Array>();
  return bands.map((band) => {
    const [low, high] = tile.stretch[band];
    const curve = made.get(band) ?? toneCurve({ low, high }, tone);
    made.set(band, curve);
    return curve;
  });
}

/** A plane to look at for tools, and how much of it one grey step on the screen is; null: not there yet. */
export function planeOf(
  held: Work,
  name: string,
): { plane: ArrayLike<number>; step: number } | null {
  const index = indexOf(name);
  if (index) {
    if (!index.needs.every((band) => held.bands.has(band))) return null;
    const plane = indexPlane(
      index,
      index.needs.map((band) => held.bands.get(band)!),
    );
    return { plane, step: (index.white - index.black) / 255 };
  }
  const plane = held.bands.get(name);
  if (!plane) return null;
  const [low, high] = held.task.tile.stretch[name];
  return { plane, step: (high - low) / 255 };
}

export function showView(name: string, pane = 0): void {
  if (pane === 0 && view.value && view.value.name !== name) before.value = view.value.name;
  const names = paneViews.value.map((each) => each?.name ?? "");
  names[pane] = name;
  paneNames.value = names;
}

export function cycleComposite(by: 1 | -1): void {
  const names = composites.value.map(({ name }) => name);
  if (!names.length) return;
  const at = names.indexOf(view.value?.name ?? "");
  showView(names[(at + by + names.length) % names.length]);
}

/** Back to the view before this one: pressed again and again, the two blink. */
export function blink(): void {
  const names = views.value.map(({ name }) => name);
  const other = names.includes(before.value) ? before.value : names[1];
  if (other) showView(other);
}

export function cyclePanes(): void {
  paneCount.value = { 1: 2, 2: 4, 4: 1 }[paneCount.value] ?? 1;
}

/** Fetch the bands that no composite shows, once the tile is there to be drawn on. */
export async function fetchFurtherBands(held: Work): Promise<void> {
  const { tile } = held.task;
  const missing = tile.bands.filter((band) => !held.bands.has(band));
  if (!missing.length) return;
  const bands = await fetchBands(tile, missing);
  missing.forEach((band, k) => {
    held.bands.set(band, bands[k]);
  });
  arrived.value++;
}

/** Whether the tile's further bands have come: read where a plot shows them. */
export const bandsIn = computed(() => arrived.value);
