import type { LabelClass } from "../api/types";
import { UNLABELLED, UNSURE } from "../editor/codes";
import { type Drawing, drawingFromPlanes } from "../editor/drawing";
import { drawOverlay, type OverlayStyle, type Palette, paletteOf } from "../editor/overlay";
import { Differs } from "./difference";

/** A class as a mask is painted with it; "unsure" is one. */
export interface Shade {
  code: number;
  name: string;
  colour: string;
}

const UNSURE_SHADE: Shade = { code: UNSURE, name: "unsure", colour: "#e5625e" };
const CLEAR = "clear";

export const shadesOf = (classes: LabelClass[]): Shade[] => [...classes, UNSURE_SHADE];

export function paletteFor(shades: Shade[]): Palette {
  return paletteOf(
    shades.map((each) => ({ ...each, filled: !(each.code === 0 && isClear(each.name)) })),
  );
}

export const isClear = (name: string): boolean => name.toLowerCase() === CLEAR;

export function nameOf(shades: Shade[], code: number): string {
  if (code === UNLABELLED) return "not labelled";
  return shades.find((each) => each.code === code)?.name ?? `code ${code}`;
}

export interface MaskOptions {
  style?: OverlayStyle;
  /** 1 where the mask is drawn; everywhere when absent. */
  where?: Uint8Array;
}

/** A canvas of the tile's own size with the mask on it, its classes told apart by hatch as well. */
export function maskPicture(
  plane: Uint8Array,
  { width, height }: { width: number; height: number },
  palette: Palette,
  { style = "fill", where = new Uint8Array(plane.length).fill(1) }: MaskOptions = {},
): HTMLCanvasElement {
  // Provenance is of no matter here: all of it is drawn as firmly.
  const provenance = new Uint8Array(plane.length).fill(1);
  const drawing = drawingFromPlanes(width, height, { label: plane, provenance }, where);
  return drawingPicture(drawing, palette, style);
}

/** The same of a drawing that is being changed. */
export function drawingPicture(
  drawing: Drawing,
  palette: Palette,
  style: OverlayStyle,
): HTMLCanvasElement {
  const { width, height } = drawing;
  const words = new Uint32Array(width * height);
  drawOverlay(drawing, palette, style, { left: 0, top: 0, right: width, bottom: height }, words);
  return canvasOf(words, width, height);
}

/** Orange and blue are told apart with every colour blindness; the hatches lean either way. */
export const DIFFERENCE_COLOURS = {
  both: "#e8edf2",
  first: "#f5a623",
  second: "#3f8fe0",
  neither: "#11161c",
} as const;

/** The four colours of a difference plane; where a mask says nothing the image stays seen. */
export function differencePicture(
  plane: Uint8Array,
  width: number,
  height: number,
): HTMLCanvasElement {
  const words = new Uint32Array(plane.length);
  for (let i = 0; i < plane.length; i++) {
    const x = i % width;
    const y = (i / width) | 0;
    words[i] = WORDS[plane[i]](x, y);
  }
  return canvasOf(words, width, height);
}

type Word = (x: number, y: number) => number;

const both = wordOf(DIFFERENCE_COLOURS.both, 200);
const neither = wordOf(DIFFERENCE_COLOURS.neither, 150);
const WORDS: Record<number, Word> = {
  [Differs.unsaid]: () => 0,
  [Differs.both]: () => both,
  [Differs.first]: hatched(DIFFERENCE_COLOURS.first, (x, y) => x + y),
  [Differs.second]: hatched(DIFFERENCE_COLOURS.second, (x, y) => x - y + 4096),
  [Differs.neither]: () => neither,
};

function hatched(colour: string, across: (x: number, y: number) => number): Word {
  const line = wordOf(colour, 255);
  const ground = wordOf(colour, 150);
  return (x, y) => (across(x, y) % 6 < 2 ? line : ground);
}

function wordOf(colour: string, alpha: number): number {
  const rgb = Number.parseInt(colour.slice(1), 16);
  const flipped = ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >> 16);
  return ((alpha << 24) | flipped) >>> 0;
}

function canvasOf(words: Uint32Array<ArrayBuffer>, width: number, height: number) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const pixels = new Uint8ClampedArray(words.buffer);
  canvas.getContext("2d")!.putImageData(new ImageData(pixels, width, height), 0, 0);
  return canvas;
}
