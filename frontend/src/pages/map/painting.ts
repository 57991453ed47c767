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
  for (let i = 0; i < count; i++) {
    const at = 4 * i;
    const left = (boxes[at] - west) / resolution;
    const right = (boxes[at + 2] - west) / resolution;
    const top = (north - boxes[at + 3]) / resolution;
    const bottom = (north - boxes[at + 1]) / resolution;
    if (right < -LEAST || bottom < -LEAST || left > width + LEAST || top > height + LEAST) continue;
    if (right - left >= SMALL) {
      large.push(i);
      continue;
    }
    const colour = chosen && !chosen[i] ? dimmed(colours[i]) : colours[i];
    fill(pixels, width, height, spread(left, right), spread(top, bottom), colour);
  }
  return large;
}

const dimmed = (colour: number) => ((colour & 0xffffff) | DIMMED) >>> 0;

/** From the first pixel to the one behind the last: at least LEAST of them. */
function spread(from: number, to: number): [number, number] {
  const wide = Math.max(LEAST, Math.round(to - from));
  const first = Math.round((from + to - wide) / 2);
  return [first, first + wide];
}

function fill(
  pixels: Uint32Array,
  width: number,
  height: number,
  [left, right]: [number, number],
  [top, bottom]: [number, number],
  colour: number,
): void {
  const [from, to] = [Math.max(0, left), Math.min(width, right)];
  for (let y = Math.max(0, top); y < Math.min(height, bottom); y++) {
    const row = y * width;
    for (let x = from; x < to; x++) pixels[row + x] = colour;
  }
}

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

/** What a style sheet calls a colour as images have it. */
export function cssOf(colour: number): string {
  const [red, green, blue] = [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
  return `rgb(${red} ${green} ${blue})`;
}
