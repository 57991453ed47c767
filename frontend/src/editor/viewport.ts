import type { Point } from "./brush";

/** How image coordinates map to the screen (CSS pixels): screen = image × scale + (left, top). */
export interface Viewport {
  scale: number;
  left: number;
  top: number;
}

export interface Size {
  width: number;
  height: number;
}

export const MIN_SCALE = 0.25;
export const MAX_SCALE = 32;

/** A part of the screen, CSS pixels. */
export interface Pane extends Size {
  left: number;
  top: number;
}

/** `count` (1, 2 or 4) panes of one size that share `screen`, `gap` pixels apart. */
export function panesOf(screen: Size, count: number, gap = 2): Pane[] {
  const columns = count > 1 ? 2 : 1;
  const rows = count > 2 ? 2 : 1;
  const width = (screen.width - gap * (columns - 1)) / columns;
  const height = (screen.height - gap * (rows - 1)) / rows;
  return Array.from({ length: count }, (_, k) => ({
    left: (k % columns) * (width + gap),
    top: Math.floor(k / columns) * (height + gap),
    width,
    height,
  }));
}

/** Which pane a screen point lies in, and the point as seen from that pane's corner. */
export function inPane(panes: Pane[], at: Point): { pane: number; at: Point } {
  const pane = Math.max(
    0,
    panes.findLastIndex(({ left, top }) => at.x >= left && at.y >= top),
  );
  return { pane, at: { x: at.x - panes[pane].left, y: at.y - panes[pane].top } };
}

/** The whole image, in the middle, with `margin` CSS pixels around it. */
export function fitted(screen: Size, image: Size, margin: number): Viewport {
  const scale = clamp(
    Math.min(
      (screen.width - 2 * margin) / image.width,
      (screen.height - 2 * margin) / image.height,
    ),
    MIN_SCALE,
    MAX_SCALE,
  );
  return {
    scale,
    left: (screen.width - image.width * scale) / 2,
    top: (screen.height - image.height * scale) / 2,
  };
}

/** Zoomed by `factor` so that what is under the screen point `at` stays there. */
export function zoomedAt(viewport: Viewport, at: Point, factor: number): Viewport {
  const scale = clamp(viewport.scale * factor, MIN_SCALE, MAX_SCALE);
  const ratio = scale / viewport.scale;
  return {
    scale,
    left: at.x - (at.x - viewport.left) * ratio,
    top: at.y - (at.y - viewport.top) * ratio,
  };
}

/** Moved by screen pixels, but never so far that less than `keep` of the image is on the screen. */
export function panned(
  viewport: Viewport,
  by: Point,
  screen: Size,
  image: Size,
  keep = 64,
): Viewport {
  const { scale } = viewport;
  return {
    scale,
    left: clamp(viewport.left + by.x, keep - image.width * scale, screen.width - keep),
    top: clamp(viewport.top + by.y, keep - image.height * scale, screen.height - keep),
  };
}

export function toImage(viewport: Viewport, at: Point): Point {
  return {
    x: (at.x - viewport.left) / viewport.scale,
    y: (at.y - viewport.top) / viewport.scale,
  };
}

export function toScreen(viewport: Viewport, at: Point): Point {
  return {
    x: at.x * viewport.scale + viewport.left,
    y: at.y * viewport.scale + viewport.top,
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
