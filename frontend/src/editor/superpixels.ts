/**
 * SLIC superpixels (Achanta et al., IEEE TPAMI 34(11), 2012): for each cell the number of its superpixel.
 * `planes` are of one size and on one scale (standard deviations); superpixels are about `size` cells wide,
 * and the rounder the larger `roundness` is. About 0.1 s for 512²: made in a worker.
 */
export interface Grain {
  size: number;
  roundness: number;
}

export const GRAIN: Grain = { size: 14, roundness: 0.35 };
const ROUNDS = 5;

interface Centres {
  x: Float32Array;
  y: Float32Array;
  values: Float32Array[];
}

export function superpixels(
  planes: Float32Array[],
  width: number,
  height: number,
  { size, roundness }: Grain = GRAIN,
): Uint16Array {
  const centres = gridOf(planes, width, height, size);
  const owner = new Uint16Array(width * height);
  for (let round = 0; round < ROUNDS; round++) {
    claim(planes, width, height, centres, owner, size, roundness / size);
    recentre(planes, width, centres, owner);
  }
  return owner;
}

/** `plane` as a stretched root of reflectance, so that dark and bright ground count alike. */
export function standardised(plane: ArrayLike<number>): Float32Array {
  const roots = Float32Array.from(plane, Math.sqrt);
  let [sum, squares] = [0, 0];
  for (const root of roots) {
    sum += root;
    squares += root * root;
  }
  const mean = sum / roots.length;
  const spread = Math.sqrt(Math.max(squares / roots.length - mean * mean, 1e-6));
  return roots.map((root) => (root - mean) / spread);
}

function gridOf(planes: Float32Array[], width: number, height: number, size: number): Centres {
  const columns = Math.ceil(width / size);
  const count = columns * Math.ceil(height / size);
  const x = new Float32Array(count);
  const y = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    x[i] = Math.min(width - 1, ((i % columns) + 0.5) * size);
    y[i] = Math.min(height - 1, (Math.floor(i / columns) + 0.5) * size);
  }
  const at = (i: number) => Math.floor(y[i]) * width + Math.floor(x[i]);
  const values = planes.map((plane) => Float32Array.from(x, (_, i) => plane[at(i)]));
  return { x, y, values };
}

/** Give each cell to the centre that is nearest in place and values, of those within `size`. */
function claim(
  planes: Float32Array[],
  width: number,
  height: number,
  centres: Centres,
  owner: Uint16Array,
  size: number,
  weight: number,
): void {
  const best = new Float32Array(width * height).fill(Infinity);
  for (let i = 0; i < centres.x.length; i++) {
    const [middleX, middleY] = [centres.x[i], centres.y[i]];
    const right = Math.min(width, Math.ceil(middleX + size) + 1);
    const bottom = Math.min(height, Math.ceil(middleY + size) + 1);
    for (let y = Math.max(0, Math.floor(middleY - size)); y < bottom; y++) {
      const down = ((y - middleY) * weight) ** 2;
      for (let x = Math.max(0, Math.floor(middleX - size)); x < right; x++) {
        const cell = y * width + x;
        const aside = ((x - middleX) * weight) ** 2;
        const away = down + aside + difference(planes, centres.values, cell, i);
        if (away < best[cell]) {
          best[cell] = away;
          owner[cell] = i;
        }
      }
    }
  }
}

/** Squared difference of a cell's values from a centre's. */
function difference(
  planes: Float32Array[],
  values: Float32Array[],
  cell: number,
  i: number,
): number {
  let sum = 0;
  for (let k = 0; k < planes.length; k++) {
    const off = planes[k][cell] - values[k][i];
    sum += off * off;
  }
  return sum;
}

function recentre(
  planes: Float32Array[],
  width: number,
  centres: Centres,
  owner: Uint16Array,
): void {
  const size = new Uint32Array(centres.x.length);
  const columns = Float32Array.from(owner, (_, cell) => cell % width);
  const rows = Float32Array.from(owner, (_, cell) => Math.floor(cell / width));
  for (const i of owner) size[i]++;
  const sources = [columns, rows, ...planes];
  [centres.x, centres.y, ...centres.values].forEach((target, k) => {
    const sums = new Float64Array(size.length);
    for (let cell = 0; cell < owner.length; cell++) sums[owner[cell]] += sources[k][cell];
    for (let i = 0; i < size.length; i++) if (size[i]) target[i] = sums[i] / size[i];
  });
}
