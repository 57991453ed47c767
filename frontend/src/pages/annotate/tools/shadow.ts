/**
 * Casts a cloud's shadow: press on a cloud and drag it along the sun's ray. The copy goes where the near
 * infrared is dark, and becomes shadow when it is let go. With Shift all clouds of the tile go at once.
 */
import { signal } from "@preact/signals";
import type { Point } from "../../../editor/brush";
import { Provenance } from "../../../editor/codes";
import { floodCells } from "../../../editor/flood";
import {
  alongRay,
  type Cast,
  castOf,
  type Ground,
  shadowCells,
  snapped,
} from "../../../editor/shadow";
import { cellsOf } from "../../../editor/shape";
import { choices, paintCells, type Work, work } from "../desk";
import { tell } from "../phase";
import { fallHere } from "../reference";
import type { Tool } from "./tool";

interface Casting {
  cast: Cast;
  ground: Ground;
  from: Point;
  fall: Point;
  offset: Point;
}

/** The cloud being dragged. */
export const casting = signal<Casting | null>(null);

const NEAR_INFRARED = ["B08", "B8A", "B5", "nir", "NIR"];

export const shadow: Tool = {
  down(at, event) {
    const held = work.value!;
    const fall = fallHere();
    const dark = NEAR_INFRARED.map((band) => held.bands.get(band)).find(Boolean);
    const cells = cloudAt(held, at, event?.shiftKey ?? false);
    const why = whyNot(fall, dark, cells);
    if (why) tell("info", ...why);
    if (!fall || !dark || !cells.length) return;
    const { width, height } = held.edits.drawing;
    const ground = { width, height, dark, hidden: hiddenIn(held) };
    casting.value = { cast: castOf(cells, width, height), ground, from: at, fall, offset: at };
    shadow.move(at);
  },
  move(at) {
    const now = casting.value;
    if (!now) return;
    const drag = { x: at.x - now.from.x, y: at.y - now.from.y };
    const wanted = alongRay(drag, now.fall);
    const still = Math.hypot(wanted.x, wanted.y) < 2;
    const offset = still ? { x: 0, y: 0 } : snapped(now.cast, now.ground, wanted, now.fall);
    casting.value = { ...now, offset };
  },
  up() {
    const now = casting.value;
    casting.value = null;
    const code = codesOf(isShadow)[0];
    if (!now || code === undefined || (!now.offset.x && !now.offset.y)) return;
    const cells = shadowCells(now.cast, now.ground, now.offset, now.fall);
    paintCells(cells, code, Provenance.propagated);
  },
  drop() {
    casting.value = null;
  },
};

const isShadow = (name: string) => name.includes("shadow");
const isCloud = (name: string) => !isShadow(name) && /cloud|cirrus|thin|semi/.test(name);

const codesOf = (fits: (name: string) => boolean): number[] =>
  choices.value.filter(({ name }) => fits(name.toLowerCase())).map(({ code }) => code);

/** The cloud that `at` lies in with what touches it; all clouds of the tile with `all`. */
function cloudAt({ edits: { drawing } }: Work, at: Point, all: boolean): Uint32Array {
  const { width, height, label } = drawing;
  const codes = new Set(codesOf(isCloud));
  if (all) return cellsOf(label.map((code) => (codes.has(code) ? 1 : 0)));
  if (at.x < 0 || at.y < 0 || at.x >= width || at.y >= height) return new Uint32Array(0);
  const start = Math.floor(at.y) * width + Math.floor(at.x);
  return floodCells(width, height, start, (cell) => codes.has(label[cell]));
}

function hiddenIn({ edits: { drawing } }: Work): Uint8Array {
  const codes = new Set(codesOf(isCloud));
  return drawing.label.map((code, i) => (codes.has(code) || !drawing.valid[i] ? 1 : 0));
}

/** Why no shadow can be cast, and what to do; null: one can. */
function whyNot(fall: unknown, dark: unknown, cells: Uint32Array): [string, string] | null {
  if (!codesOf(isShadow).length) return ["This campaign has no shadow class", ""];
  if (!fall) return ["The sun's place isn't known for this tile", "Paint the shadow by hand."];
  if (!dark) return ["The near infrared isn't there yet", "Try again in a moment."];
  if (cells.length) return null;
  return ["No cloud is labelled there", "Label the cloud first, then drag it along its shadow."];
}
