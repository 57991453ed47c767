import type { Footprints } from "./footprints";

/** What part of the world is seen: metres of spherical Mercator to pixels. */
export interface Sight {
  /** Of the upper left corner. */
  west: number;
  north: number;
  /** Metres a pixel. */
  resolution: number;
  width: number;
  height: number;
}

/** Smaller footprints are filled pixel by pixel, larger ones drawn by their corners. */
const SMALL = 14;
const LEAST = 3;
const DIMMED = 0x50000000;

/**
 * Fill the small footprints into `pixels` (width × height) and answer with the large ones in sight.
 *
 * Where `chosen` is given, what isn't chosen is dimmed.
 */
export function paintSmall(
  pixels: Uint32Array,
  footprints: Footprints,
  colours: Uint32Array,
  chosen: Uint8Array | null,
  sight: Sight,
): number[] {
  const { boxes, count } = footprints;
  const { west, north, resolution, width, height } = sight;
  const large: number[] = [];
  // 10⁵ of them a picture: nothing is made here that somebody has to clear away.
  for (let i = 0; i < count; i++) {
    const at = 4 * i;
    const left = (boxes[at] - west) / resolution;
    const right = (boxes[at + 2] - west) / resolution;
    if (right < -LEAST || left > width + LEAST) continue;
    const top = (north - boxes[at + 3]) / resolution;
    const bottom = (north - boxes[at + 1]) / resolution;
    if (bottom < -LEAST || top > height + LEAST) continue;
    if (right - left >= SMALL) {
      large.push(i);
      continue;
    }
    const wide = Math.max(LEAST, Math.round(right - left));
    const high = Math.max(LEAST, Math.round(bottom - top));
    const x = Math.round((left + right - wide) / 2);
    const y = Math.round((top + bottom - high) / 2);
    fill(pixels, sight, x, y, wide, high, chosen && !chosen[i] ? dimmed(colours[i]) : colours[i]);
  }
  return large;
}

function fill(
  pixels: Uint32Array,
  { width, height }: Sight,
  x: number,
  y: number,
  wide: number,
  high: number,
  colour: number,
): void {
  const from = Math.max(0, x);
  const to = Math.min(width, x + wide);
  const end = Math.min(height, y + high);
  for (let row = Math.max(0, y); row < end; row++) {
    for (let k = row * width + from; k < row * width + to; k++) pixels[k] = colour;
  }
}

const dimmed = (colour: number) => ((colour & 0xffffff) | DIMMED) >>> 0;

/** Trace a footprint's corners as a path of `context`. */
export function trace(
  context: CanvasRenderingContext2D,
  { corners }: Footprints,
  i: number,
  { west, north, resolution }: Sight,
): void {
  for (let k = 0; k < 4; k++) {
    const x = (corners[8 * i + 2 * k] - west) / resolution;
    const y = (north - corners[8 * i + 2 * k + 1]) / resolution;
    if (k === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.closePath();
}

/** Trace a closed line of x, y, x, y … in metres as a path of `context`. */
export function traceRing(
  context: CanvasRenderingContext2D,
  ring: Float64Array,
  { west, north, resolution }: Sight,
): void {
  for (let k = 0; k < ring.length; k += 2) {
    const x = (ring[k] - west) / resolution;
    const y = (north - ring[k + 1]) / resolution;
    if (k === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.closePath();
}

/** What a style sheet calls a colour as images have it. */
export function cssOf(colour: number): string {
  const [red, green, blue] = [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
  return `rgb(${red} ${green} ${blue})`;
}
