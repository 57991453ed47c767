/** The clearest other date of the tile's place, and where its shadows should fall. */
import { signal } from "@preact/signals";
import { fetchReference } from "../../api/annotating";
import { fetchBands } from "../../api/calls";
import type { Tile } from "../../api/types";
import type { Point } from "../../editor/brush";
import { fallOf } from "../../editor/shadow";
import { day } from "../../words";
import { campaign, type Work, work } from "./desk";

export interface OtherDate {
  tile: Tile;
  words: string;
  bands: Map<string, Uint16Array>;
}

/** null: there is none, or it is still on its way. */
export const reference = signal<OtherDate | null>(null);

/** Offset in cells from a cloud to its shadow, by the cloud's height in metres. */
export interface Offset extends Point {
  height: number;
}
export const offsets = signal<Offset[]>([]);

/** Unit offset along which shadows fall on the tile on the desk; null: the sun isn't known. */
export function fallHere(): Point | null {
  const far = offsets.value.at(-1);
  if (far) {
    const reach = Math.hypot(far.x, far.y);
    return { x: far.x / reach, y: far.y / reach };
  }
  const azimuth = work.value?.task.tile.sun_azimuth;
  return azimuth === undefined || azimuth === null ? null : fallOf(azimuth);
}

/** Fetch both for the tile on the desk; the bands of the other date are those of its composites. */
export async function fetchOtherDate(held: Work, bands: string[]): Promise<void> {
  const { tile } = held.task;
  const told = await fetchReference(tile.id, campaign.value!.slug);
  if (work.value !== held) return;
  offsets.value = told.shadow.map(({ height, rows, columns }) => ({ height, x: columns, y: rows }));
  const other = told.reference?.tile;
  if (!other || other.width !== tile.width || other.height !== tile.height) return;
  const names = bands.filter((band) => other.bands.includes(band));
  const planes = await fetchBands(other, names);
  if (work.value !== held) return;
  const words = `Clear ${day(other.datetime)}`;
  reference.value = { tile: other, words, bands: new Map(names.map((n, k) => [n, planes[k]])) };
}

export function forgetOtherDate(): void {
  reference.value = null;
  offsets.value = [];
}
