import type { Box } from "./box";
import { Provenance, UNLABELLED } from "./codes";
import type { Drawing } from "./drawing";

export const OVERLAY_STYLES = ["fill", "outline"] as const;
export type OverlayStyle = (typeof OVERLAY_STYLES)[number];

export interface Ink {
  code: number;
  /** "#rrggbb" */
  colour: string;
  /** Whether the class is filled; a clear sky is left open, so that the image is seen. */
  filled: boolean;
}

/** What each code looks like: an RGB word without alpha, and whether it is filled. */
export interface Palette {
  words: Uint32Array;
  filled: Uint8Array;
}

export function paletteOf(inks: Ink[]): Palette {
  const palette = { words: new Uint32Array(256), filled: new Uint8Array(256) };
  for (const { code, colour, filled } of inks) {
    const rgb = Number.parseInt(colour.slice(1), 16);
    palette.words[code] = ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >> 16);
    palette.filled[code] = filled ? 1 : 0;
  }
  palette.words[UNLABELLED] = 0xe8e8e8;
  return palette;
}

/** Draw the part `box` of `drawing` into `out`, RGBA words of the whole plane. */
export function drawOverlay(
  drawing: Drawing,
  palette: Palette,
  style: OverlayStyle,
  box: Box,
  out: Uint32Array,
): void {
  const alpha = ALPHAS[style];
  for (let y = box.top; y < box.bottom; y++) {
    for (let x = box.left; x < box.right; x++) {
      const i = y * drawing.width + x;
      const opacity = drawing.valid[i] ? alpha(drawing, palette, i, x, y) : 0;
      out[i] = (opacity << 24) | palette.words[drawing.label[i]];
    }
  }
}

type Alpha = (drawing: Drawing, palette: Palette, i: number, x: number, y: number) => number;

const ALPHAS: Record<OverlayStyle, Alpha> = { fill: fillAlpha, outline: outlineAlpha };

// What is still the model's is drawn lighter than what the person has made their own.
function fillAlpha(drawing: Drawing, palette: Palette, i: number, x: number, y: number): number {
  const code = drawing.label[i];
  if (code === UNLABELLED) return hatched(x, y, 0) ? 120 : 0;
  if (!palette.filled[code]) return onEdge(drawing, i, x, y) ? 200 : 0;
  return drawing.provenance[i] === Provenance.confirmed ? 175 : 255;
}

function outlineAlpha(drawing: Drawing, palette: Palette, i: number, x: number, y: number): number {
  const code = drawing.label[i];
  if (onEdge(drawing, i, x, y)) return code === UNLABELLED ? 0 : 255;
  if (code === UNLABELLED) return hatched(x, y, 0) ? 120 : 0;
  return palette.filled[code] && hatched(x, y, code) ? 150 : 0;
}

function onEdge({ label, width, height }: Drawing, i: number, x: number, y: number): boolean {
  const code = label[i];
  return (
    (x > 0 && label[i - 1] !== code) ||
    (x < width - 1 && label[i + 1] !== code) ||
    (y > 0 && label[i - width] !== code) ||
    (y < height - 1 && label[i + width] !== code)
  );
}

// Each class has a hatch of its own, so that colour is never the only sign.
const HATCHES: ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 10 === 0,
  (x, y) => (x - y + 4096) % 6 === 0,
  (x, y) => (x + y) % 6 === 0,
  (_x, y) => y % 5 === 0,
  (x) => x % 5 === 0,
  (x, y) => x % 6 === 0 && y % 6 < 3,
  (x, y) => x % 4 === 0 && y % 4 === 0,
];

function hatched(x: number, y: number, code: number): boolean {
  return HATCHES[code % HATCHES.length](x, y);
}
