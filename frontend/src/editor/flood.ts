/** Cells of the 4-connected region around `start` whose cells all satisfy `belongs`. */
export function floodCells(
  width: number,
  height: number,
  start: number,
  belongs: (cell: number) => boolean,
): Uint32Array {
  return flooder(width, height)(start, belongs);
}

/**
 * Floods of one plane that share what they have taken: a cell is in one region at most, and many small
 * regions cost no more than one large. Whole runs of a row are taken at a time: a cell is asked about
 * from above, from below and from its own row, and no more.
 */
export function flooder(width: number, height: number) {
  const seen = new Uint8Array(width * height);
  const region = new Uint32Array(width * height);
  return (start: number, belongs: (cell: number) => boolean): Uint32Array => {
    // Above the first row and below the last nothing is open: what was seen there isn't known.
    const open = (cell: number) => seen[cell] === 0 && belongs(cell);
    const seeds = [start];
    let size = 0;
    for (let seed = seeds.pop(); seed !== undefined; seed = seeds.pop()) {
      if (!open(seed)) continue;
      const run = runAround(seed, width, open);
      for (let cell = run.left; cell <= run.right; cell++) region[size++] = cell;
      seen.fill(1, run.left, run.right + 1);
      for (const away of [-width, width]) seedRuns(run, away, open, seeds);
    }
    return region.slice(0, size);
  };
}

type Open = (cell: number) => boolean;

/** Cells of one row, both ends included. */
interface Run {
  left: number;
  right: number;
}

/** The open cells of one row that hang together with `cell`. */
function runAround(cell: number, width: number, open: Open): Run {
  const first = cell - (cell % width);
  let left = cell;
  let right = cell;
  while (left > first && open(left - 1)) left--;
  while (right < first + width - 1 && open(right + 1)) right++;
  return { left, right };
}

/** Note the first cell of each run of open cells that lies `away` from `run`. */
function seedRuns({ left, right }: Run, away: number, open: Open, seeds: number[]): void {
  let inRun = false;
  for (let cell = left + away; cell <= right + away; cell++) {
    const is = open(cell);
    if (is && !inRun) seeds.push(cell);
    inRun = is;
  }
}

/**
 * Whether a cell looks like `start`: in every one of `pixels`' three colour bytes (RGBA, as shown on
 * the screen) it is at most `tolerance` away.
 */
export function looksLike(pixels: Uint8ClampedArray, start: number, tolerance: number) {
  const [red, green, blue] = pixels.subarray(4 * start, 4 * start + 3);
  return (cell: number): boolean =>
    Math.abs(pixels[4 * cell] - red) <= tolerance &&
    Math.abs(pixels[4 * cell + 1] - green) <= tolerance &&
    Math.abs(pixels[4 * cell + 2] - blue) <= tolerance;
}

/** Whether a cell is at most `tolerance` away from `start` in every one of `planes`, in their own units. */
export function valuesLike(planes: ArrayLike<number>[], start: number, tolerance: number) {
  const wanted = planes.map((plane) => plane[start]);
  return (cell: number): boolean => {
    for (let k = 0; k < planes.length; k++) {
      if (Math.abs(planes[k][cell] - wanted[k]) > tolerance) return false;
    }
    return true;
  };
}
