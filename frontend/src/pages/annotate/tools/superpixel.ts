/** Paints whole superpixels. They are made once for each tile, by a worker, when the tool is first taken. */
import { effect, signal } from "@preact/signals";
import { brushCells, type Point } from "../../../editor/brush";
import { Provenance } from "../../../editor/codes";
import { type Groups, groupCells, groupsOf } from "../../../editor/groups";
import type { Asked } from "../../../editor/superpixels.worker";
import { paintCells, type Work, work } from "../desk";
import { activeCode, tool } from "../hand";
import { tell } from "../phase";
import type { Tool } from "./tool";

/** The superpixels of the tile on the desk; null: not made yet. */
export const grains = signal<{ of: Work; groups: Groups } | null>(null);

const BANDS = 4; // of the tile's: more take longer and part the ground no better
let worker: Worker | null = null;
let asked: Work | null = null;
let last: Point | null = null;

export const superpixel: Tool = {
  down(at) {
    work.value!.edits.begin();
    last = null;
    stroke(at);
  },
  move: stroke,
  up() {
    last = null;
    work.value!.edits.end();
  },
};

/** The cells of the superpixel at `at`; empty where there is none. */
export function grainAt(at: Point): Uint32Array {
  const { width, height } = work.value!.edits.drawing;
  const touched = brushCells(width, height, at, at, 1);
  return isReady() ? groupCells(grains.value!.groups, touched) : new Uint32Array(0);
}

/** Have the superpixels made when the tool is taken, and anew for each tile. Returns what stops it. */
export function makeGrains(): () => void {
  const stop = effect(() => {
    if (tool.value === "superpixel" && work.value && !isReady()) make(work.value);
  });
  return () => {
    stop();
    worker?.terminate();
    worker = null;
    asked = null;
  };
}

const isReady = () => grains.value !== null && grains.value.of === work.value;

function stroke(to: Point): void {
  if (!isReady()) return;
  const { width, height } = work.value!.edits.drawing;
  const touched = brushCells(width, height, last ?? to, to, 1);
  last = to;
  const cells = groupCells(grains.value!.groups, touched);
  paintCells(cells, activeCode.value, Provenance.propagated);
}

function make(held: Work): void {
  if (asked === held) return;
  asked = held;
  const { width, height } = held.edits.drawing;
  const bands = [...held.bands.values()].slice(0, BANDS);
  worker ??= new Worker(new URL("../../../editor/superpixels.worker.ts", import.meta.url), {
    type: "module",
  });
  worker.onmessage = ({ data }: MessageEvent<Uint16Array>) => {
    if (asked === held) grains.value = { of: held, groups: groupsOf(data) };
  };
  worker.onerror = () => {
    asked = null;
    tell("error", "The superpixels could not be made", "Use another tool, or reload the page.");
  };
  worker.postMessage({ width, height, bands } satisfies Asked);
}
