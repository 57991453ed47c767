/**
 * Sets of cells grown, shrunk, ringed and filled. A set is a Uint8Array of a plane's size, 1 for what is in
 * it; distances are in cells, diagonal neighbours lying √2 away (chamfer 3-4, right to 6 %).
 */
export type CellSet = Uint8Array;

const STRAIGHT = 3;
const DIAGONAL = 4;

/** Cells where `plane` holds `code`. */
export function setOf(plane: Uint8Array, code: number): CellSet {
  return plane.map((each) => (each === code ? 1 : 0));
}

/** The cells of a set, ascending. */
export function cellsOf(set: CellSet): Uint32Array {
  const cells = new Uint32Array(set.length);
  let count = 0;
  for (let i = 0; i < set.length; i++) if (set[i]) cells[count++] = i;
  return cells.slice(0, count);
}

/** Cells that are at most `by` away from `set` and not in it. */
export function grown(set: CellSet, width: number, by: number): CellSet {
  const away = distances(set, width);
  const found = new Uint8Array(set.length);
  for (let i = 0; i < away.length; i++) if (away[i] && away[i] <= by * STRAIGHT) found[i] = 1;
  return found;
}

/** Cells of `set` that are at most `by` away from what is not in it; the plane's edge is no border. */
export function rim(set: CellSet, width: number, by: number): CellSet {
  return grown(
    set.map((each) => 1 - each),
    width,
    by,
  );
}

/** Both sides of `set`'s border, `by` cells wide in all. */
export function ring(set: CellSet, width: number, by: number): CellSet {
  const inside = rim(set, width, Math.floor(by / 2));
  const outside = grown(set, width, Math.ceil(by / 2));
  return inside.map((each, i) => each | outside[i]);
}

/** Cells outside `set` that it encloses: no 4-connected way leads from them to the plane's edge. */
export function holes(set: CellSet, width: number): CellSet {
  const height = set.length / width;
  const open = new Uint8Array(set.length);
  const ways = new Uint32Array(set.length);
  let count = 0;
  const visit = (i: number) => {
    if (set[i] || open[i]) return;
    open[i] = 1;
    ways[count++] = i;
  };
  for (let x = 0; x < width; x++) {
    visit(x);
    visit((height - 1) * width + x);
  }
  for (let y = 0; y < height; y++) {
    visit(y * width);
    visit(y * width + width - 1);
  }
  for (let head = 0; head < count; head++) {
    const i = ways[head];
    const x = i % width;
    if (x > 0) visit(i - 1);
    if (x < width - 1) visit(i + 1);
    if (i >= width) visit(i - width);
    if (i < set.length - width) visit(i + width);
  }
  return set.map((each, i) => (each || open[i] ? 0 : 1));
}

/**
 * For each of `cells`, ascending, the code of `plane` that is nearest on a 4-connected way and not `code`;
 * `code` itself where the plane holds nothing else.
 */
export function otherCodes(
  plane: Uint8Array,
  width: number,
  cells: Uint32Array,
  code: number,
): Uint8Array {
  const found = plane.slice();
  let waiting = Array.from(cells);
  while (waiting.length) {
    const reached = waiting.flatMap((i) => {
      const other = beside(found, width, i).find((each) => each !== code);
      return other === undefined ? [] : [[i, other] as const];
    });
    if (!reached.length) break;
    for (const [i, other] of reached) found[i] = other;
    waiting = waiting.filter((i) => found[i] === code);
  }
  return Uint8Array.from(cells, (i) => found[i]);
}

function beside(plane: Uint8Array, width: number, i: number): number[] {
  const x = i % width;
  const codes = [];
  if (x > 0) codes.push(plane[i - 1]);
  if (x < width - 1) codes.push(plane[i + 1]);
  if (i >= width) codes.push(plane[i - width]);
  if (i + width < plane.length) codes.push(plane[i + width]);
  return codes;
}

/** Three times each cell's distance to `set`; 0 in it, and 65535 everywhere where it is empty. */
function distances(set: CellSet, width: number): Uint16Array {
  const away = new Uint16Array(set.length);
  for (let i = 0; i < set.length; i++) away[i] = set[i] ? 0 : 65535;
  for (let i = 0; i < set.length; i++) sweep(away, i, width, -1);
  for (let i = set.length - 1; i >= 0; i--) sweep(away, i, width, 1);
  return away;
}

function sweep(away: Uint16Array, i: number, width: number, way: 1 | -1): void {
  if (!away[i]) return;
  const x = i % width;
  const back = way < 0 ? x > 0 : x < width - 1;
  const ahead = way < 0 ? x < width - 1 : x > 0;
  const row = i + way * width;
  let near = away[i];
  if (back) near = Math.min(near, away[i + way] + STRAIGHT);
  if (row >= 0 && row < away.length) {
    near = Math.min(near, away[row] + STRAIGHT);
    if (back) near = Math.min(near, away[row + way] + DIAGONAL);
    if (ahead) near = Math.min(near, away[row - way] + DIAGONAL);
  }
  away[i] = near;
}
