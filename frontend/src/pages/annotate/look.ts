import { computed, effect, signal } from "@preact/signals";
import type { Campaign, Composite, Tile } from "../../api/types";
import type { Point } from "../../editor/brush";
import { drawComposite, toneCurve } from "../../editor/composite";
import { OVERLAY_STYLES, type OverlayStyle } from "../../editor/overlay";
import { fitted, panned, type Size, type Viewport, zoomedAt } from "../../editor/viewport";
import { campaign, work } from "./desk";

// The server's stretch is linear over the whole scene, clouds included: with γ 1 the ground is black.
export const SCENE_GAMMA = 1.6;

/** How the tile is shown. Nothing here changes a label. */
export const compositeName = signal("");
export const brightness = signal(1);
export const gamma = signal(SCENE_GAMMA);
/** 0–1 */
export const opacity = signal(0.5);
export const overlayStyle = signal<OverlayStyle>("fill");
export const peeking = signal(false);
export const panelOpen = signal(true);
export const helpOpen = signal(false);
/** Pointer in image coordinates, or null when it is elsewhere. */
export const cursor = signal<Point | null>(null);
export const screen = signal<Size>({ width: 1, height: 1 });
export const viewport = signal<Viewport>({ scale: 1, left: 0, top: 0 });
/** Whether the view follows the window's size, as it does until the person zooms or pans. */
const fitting = signal(true);

const MARGIN = 8;

/** The campaign's composites that `tile` has the bands for; its first bands where there is none. */
export function compositesOf(campaign: Campaign, tile: Tile): Composite[] {
  const has = new Set(tile.bands);
  const possible = campaign.composites.filter(({ bands }) => bands.every((band) => has.has(band)));
  if (possible.length) return possible;
  const bands = [0, 1, 2].map((k) => tile.bands[Math.min(k, tile.bands.length - 1)]);
  return [{ name: "First bands", bands }];
}

/** Bands that any of the tile's composites shows, each once. */
export function bandsShown(campaign: Campaign, tile: Tile): string[] {
  return [...new Set(compositesOf(campaign, tile).flatMap(({ bands }) => bands))];
}

export const composites = computed(() =>
  campaign.value && work.value ? compositesOf(campaign.value, work.value.task.tile) : [],
);

export const composite = computed<Composite | undefined>(
  () => composites.value.find(({ name }) => name === compositeName.value) ?? composites.value[0],
);

/** The composite as pixels of the tile's size. */
export const picture = computed<ImageData | null>(() => {
  const held = work.value;
  const shown = composite.value;
  if (!held || !shown) return null;
  const { width, height, stretch } = held.task.tile;
  const tone = { brightness: brightness.value, gamma: gamma.value };
  const curves = shown.bands.map((band) => {
    const [low, high] = stretch[band];
    return toneCurve({ low, high }, tone);
  });
  const image = new ImageData(width, height);
  const bands = shown.bands.map((band) => held.bands.get(band)!);
  drawComposite(bands, curves, new Uint32Array(image.data.buffer));
  return image;
});

export function cycleComposite(by: 1 | -1): void {
  const names = composites.value.map(({ name }) => name);
  if (!names.length) return;
  const at = names.indexOf(composite.value!.name);
  compositeName.value = names[(at + by + names.length) % names.length];
}

export function cycleStyle(): void {
  const at = OVERLAY_STYLES.indexOf(overlayStyle.value);
  overlayStyle.value = OVERLAY_STYLES[(at + 1) % OVERLAY_STYLES.length];
}

export function resetTone(): void {
  brightness.value = 1;
  gamma.value = SCENE_GAMMA;
}

export function fitView(): void {
  fitting.value = true;
  if (work.value) viewport.value = fitted(screen.value, work.value.task.tile, MARGIN);
}

export function resizeView(size: Size): void {
  screen.value = size;
  if (fitting.value) fitView();
}

export function zoomView(factor: number, at?: Point): void {
  fitting.value = false;
  const middle = { x: screen.value.width / 2, y: screen.value.height / 2 };
  viewport.value = zoomedAt(viewport.value, at ?? middle, factor);
}

export function panView(by: Point): void {
  if (!work.value) return;
  fitting.value = false;
  viewport.value = panned(viewport.value, by, screen.value, work.value.task.tile);
}

const KEPT = { compositeName, brightness, gamma, opacity, overlayStyle, panelOpen };

/** Take up the person's last settings in this browser, and keep them from now on. */
export function keepLook(storage: Storage, slug: string): () => void {
  const key = `look/${slug}`;
  const kept = JSON.parse(storage.getItem(key) ?? "{}") as Record<string, never>;
  for (const [name, setting] of Object.entries(KEPT)) {
    if (name in kept) setting.value = kept[name];
  }
  return effect(() => {
    const now = Object.entries(KEPT).map(([name, setting]) => [name, setting.value]);
    storage.setItem(key, JSON.stringify(Object.fromEntries(now)));
  });
}
