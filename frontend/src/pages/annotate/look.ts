import { effect, signal } from "@preact/signals";
import type { Point } from "../../editor/brush";
import { OVERLAY_STYLES, type OverlayStyle } from "../../editor/overlay";
import {
  fitted,
  type Pane,
  panesOf,
  panned,
  type Size,
  type Viewport,
  zoomedAt,
} from "../../editor/viewport";
import { work } from "./desk";
import { brightness, contrast, gamma } from "./tone";
import { paneCount, paneNames } from "./views";

/** How the tile is shown. Nothing here changes a label. */
/** 0–1 */
export const opacity = signal(0.5);
export const overlayStyle = signal<OverlayStyle>("fill");
export const peeking = signal(false);
export const panelOpen = signal(true);
export const helpOpen = signal(false);
/** Whether the ground around the tile is shown. */
export const marginShown = signal(true);
/** Whether the ruler that tells how far shadows fall is shown. */
export const rulerShown = signal(false);
/** Whether the heat map lies over the image, where the tile has one. */
export const heatShown = signal(false);
/** 0–1, of the heat map. */
export const heatOpacity = signal(0.5);
/** Pointer in image coordinates, or null when it is elsewhere. */
export const cursor = signal<Point | null>(null);
/** Size of the whole board. */
const board = signal<Size>({ width: 1, height: 1 });
export const viewport = signal<Viewport>({ scale: 1, left: 0, top: 0 });
/** Whether the view follows the window's size, as it does until the person zooms or pans. */
const fitting = signal(true);

const MARGIN = 8;

export const panes = (): Pane[] => panesOf(board.value, paneCount.value);

export function cycleStyle(): void {
  const at = OVERLAY_STYLES.indexOf(overlayStyle.value);
  overlayStyle.value = OVERLAY_STYLES[(at + 1) % OVERLAY_STYLES.length];
}

export function fitView(): void {
  fitting.value = true;
  if (work.value) viewport.value = fitted(panes()[0], work.value.task.tile, MARGIN);
}

export function resizeView(size: Size): void {
  board.value = size;
  if (fitting.value) fitView();
}

/** Fit anew when the panes have another size: else a part of the tile would be out of sight. */
export function followPanes(): () => void {
  let shown = paneCount.value;
  return effect(() => {
    if (paneCount.value === shown) return;
    shown = paneCount.value;
    fitView();
  });
}

/** Zoom around `at`, else around the pointer, else around the middle. */
export function zoomView(factor: number, at?: Point): void {
  fitting.value = false;
  const { width, height } = panes()[0];
  viewport.value = zoomedAt(viewport.value, at ?? { x: width / 2, y: height / 2 }, factor);
}

export function panView(by: Point): void {
  if (!work.value) return;
  fitting.value = false;
  viewport.value = panned(viewport.value, by, panes()[0], work.value.task.tile);
}

/** Show the cells from (left, top) to (right, bottom), with some ground around them. */
export function lookAt([top, left, bottom, right]: [number, number, number, number]): void {
  fitting.value = false;
  const screen = panes()[0];
  const size = {
    width: Math.max(48, 1.6 * (right - left)),
    height: Math.max(48, 1.6 * (bottom - top)),
  };
  const { scale } = fitted(screen, size, MARGIN);
  viewport.value = {
    scale,
    left: screen.width / 2 - ((left + right) / 2) * scale,
    top: screen.height / 2 - ((top + bottom) / 2) * scale,
  };
}

const KEPT = {
  paneNames,
  paneCount,
  brightness,
  contrast,
  gamma,
  opacity,
  overlayStyle,
  panelOpen,
  marginShown,
  rulerShown,
  heatShown,
  heatOpacity,
};

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
