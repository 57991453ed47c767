/**
 * A cloud's shadow, cast by hand: the cloud's shape moved along the sun's ray, drawn to where the near
 * infrared is dark, and fitted there. Offsets are in cells: `x` to the right, `y` down.
 */
import { boxOf, widen } from "./box";
import type { Point } from "./brush";
import { flooder } from "./flood";
import { cellsOf, grown, holes, rim } from "./shape";
import { otsu } from "./threshold";

export interface Ground {
  width: number;
  height: number;
  /** Near infrared; what is dark there may be shadow. */
  dark: ArrayLike<number>;
  /** 1 where a shadow can't be seen: cloud, or no data. */
  hidden: Uint8Array;
}

/** A cloud ready to be moved: a sample of its cells and of the ring around it, as offsets. */
export interface Cast {
  cells: Uint32Array;
  inside: Int32Array;
  around: Int32Array;
}

const SAMPLE = 600; // cells looked at for one place: a move tries some two hundred places
const RING = 5;
const ALONG = 14; // cells that a drag may be wrong by
const ACROSS = 4;
const LEAST_SEEN = 0.25;

/** Unit offset along which shadows fall for a sun at `azimuth` degrees from north; rows go south. */
export function fallOf(azimuth: number): Point {
  const angle = (azimuth * Math.PI) / 180;
  return { x: -Math.sin(angle), y: Math.cos(angle) };
}

/** The part of `drag` that lies along `fall`: never towards the sun. */
export function alongRay(drag: Point, fall: Point): Point {
  const reach = Math.max(0, drag.x * fall.x + drag.y * fall.y);
  return { x: fall.x * reach, y: fall.y * reach };
}

export function castOf(cells: Uint32Array, width: number, height: number): Cast {
  const box = widen(boxOf(cells, width)!, RING + 1, width, height);
  const wide = box.right - box.left;
  const set = new Uint8Array(wide * (box.bottom - box.top));
  for (const i of cells) {
    set[(Math.floor(i / width) - box.top) * wide + (i % width) - box.left] = 1;
  }
  const outside = cellsOf(grown(set, wide, RING));
  const toPlane = (i: number) => (Math.floor(i / wide) + box.top) * width + (i % wide) + box.left;
  return {
    cells,
    inside: sampled(cells, SAMPLE),
    around: sampled(outside.map(toPlane), SAMPLE / 2),
  };
}

/** The offset near `wanted` at which the shape lies on ground darker than its surroundings. */
export function snapped(cast: Cast, ground: Ground, wanted: Point, fall: Point): Point {
  let best = { at: wanted, contrast: contrastAt(cast, ground, wanted) };
  for (let along = -ALONG; along <= ALONG; along++) {
    for (let across = -ACROSS; across <= ACROSS; across += 2) {
      const at = {
        x: wanted.x + along * fall.x - across * fall.y,
        y: wanted.y + along * fall.y + across * fall.x,
      };
      const contrast = contrastAt(cast, ground, at) * (1 - 0.01 * Math.abs(along));
      if (contrast > best.contrast) best = { at, contrast };
    }
  }
  return best.at;
}

/** The cells of the shape moved by `offset`, but for those that are hidden or beyond the plane. */
export function movedCells(cells: Uint32Array, ground: Ground, offset: Point): Uint32Array {
  const { width, height, hidden } = ground;
  const [right, down] = [Math.round(offset.x), Math.round(offset.y)];
  const found = new Uint32Array(cells.length);
  let count = 0;
  for (const i of cells) {
    const x = (i % width) + right;
    const y = Math.floor(i / width) + down;
    if (x < 0 || y < 0 || x >= width || y >= height) continue;
    const cell = y * width + x;
    if (!hidden[cell]) found[count++] = cell;
  }
  return found.slice(0, count);
}

const SURE = 3; // cells inside the shape from which on half as dark is enough

/** Cells beyond the moved shape that may belong to its shadow: the wider a cloud, the taller it may be. */
const reachOf = (cells: number): number =>
  Math.min(14, Math.max(4, Math.round(0.4 * Math.sqrt(cells))));

/**
 * The shadow at `offset`: what is dark in and near the moved shape, and what is dark along the ray and touches
 * that. Where the dark does not stand out (over water, or below another shadow) it is the moved shape itself.
 */
export function shadowCells(cast: Cast, ground: Ground, offset: Point, fall: Point): Uint32Array {
  const { width, dark, hidden } = ground;
  const moved = movedCells(cast.cells, ground, offset);
  if (!moved.length) return moved;
  const shape = new Uint8Array(hidden.length);
  for (const i of moved) shape[i] = 1;
  const reach = reachOf(cast.cells.length);
  const path = pathOf(cast.cells, ground, offset, fall, reach);
  const near = grown(path, width, reach);
  const open = cellsOf(grown(path, width, 2 * reach)).filter((i) => !hidden[i]);
  const limit = otsu(dark, [...cellsOf(path), ...open]);
  const bright = meanOf(dark, open);
  if (!(meanOf(dark, moved) < 0.92 * bright)) return moved;
  const edge = rim(shape, width, SURE);
  const soft = limit + 0.5 * Math.max(0, bright - limit);
  const able = (i: number) =>
    !hidden[i] && (path[i] || near[i]) !== 0 && dark[i] <= (shape[i] && !edge[i] ? soft : limit);
  return cellsOf(closed(touching(moved, able, ground), ground));
}

/** The shape moved to `offset` and up to `tall` cells further along the ray both ways: a tall cloud's shadow is
 * longer than the cloud looks from above. */
function pathOf(
  cells: Uint32Array,
  ground: Ground,
  offset: Point,
  fall: Point,
  tall: number,
): Uint8Array {
  const path = new Uint8Array(ground.hidden.length);
  for (let along = -tall; along <= tall; along += 2) {
    const at = { x: offset.x + along * fall.x, y: offset.y + along * fall.y };
    for (const i of movedCells(cells, ground, at)) path[i] = 1;
  }
  return path;
}

/** Cells that satisfy `able` and lie among `starts` or on a way of such cells from there. */
function touching(starts: Uint32Array, able: (i: number) => boolean, ground: Ground): Uint8Array {
  const { width, height } = ground;
  const found = new Uint8Array(width * height);
  const flood = flooder(width, height);
  for (const start of starts) if (!found[start]) for (const i of flood(start, able)) found[i] = 1;
  return found;
}

/** `set` with its holes, where a shadow can be seen. */
function closed(set: Uint8Array, { width, hidden }: Ground): Uint8Array {
  const inner = holes(set, width);
  return set.map((each, i) => (each || (inner[i] && !hidden[i]) ? 1 : 0));
}

/** How much darker the moved shape is than the ring around it, of the ring's mean; 0 where little is seen. */
function contrastAt({ inside, around }: Cast, ground: Ground, offset: Point): number {
  const within = seen(inside, ground, offset);
  const beside = seen(around, ground, offset);
  if (within.share < LEAST_SEEN || beside.share < LEAST_SEEN || !beside.mean) return 0;
  return (beside.mean - within.mean) / beside.mean;
}

function seen(cells: Int32Array, ground: Ground, offset: Point): { mean: number; share: number } {
  const { width, height, dark, hidden } = ground;
  const [right, down] = [Math.round(offset.x), Math.round(offset.y)];
  let [sum, count] = [0, 0];
  for (let k = 0; k < cells.length; k++) {
    const y = Math.floor(cells[k] / width) + down;
    const x = (cells[k] % width) + right;
    if (x < 0 || y < 0 || x >= width || y >= height || hidden[y * width + x]) continue;
    sum += dark[y * width + x];
    count++;
  }
  return { mean: count ? sum / count : 0, share: count / cells.length };
}

function sampled(cells: Uint32Array, most: number): Int32Array {
  const step = Math.max(1, cells.length / most);
  return Int32Array.from({ length: Math.floor(cells.length / step) }, (_, k) => {
    return cells[Math.floor(k * step)];
  });
}

function meanOf(plane: ArrayLike<number>, cells: Uint32Array): number {
  let sum = 0;
  for (const i of cells) sum += plane[i];
  return sum / cells.length;
}
