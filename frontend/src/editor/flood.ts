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
 * regions cost no more than one large.
 */
export function flooder(width: number, height: number) {
  const seen = new Uint8Array(width * height);
  const region = new Uint32Array(width * height);
  const last = width * (height - 1);
  return (start: number, belongs: (cell: number) => boolean): Uint32Array => {
    let size = 0;
    const visit = (cell: number) => {
      if (seen[cell] || !belongs(cell)) return;
      seen[cell] = 1;
      region[size++] = cell;
    };
    visit(start);
    for (let head = 0; head < size; head++) visitBeside(region[head], width, last, visit);
    return region.slice(0, size);
  };
}

/** Visit the neighbours of `cell`; `last` is the first cell of the plane's last row. */
function visitBeside(
  cell: number,
  width: number,
  last: number,
  visit: (cell: number) => void,
): void {
  const x = cell % width;
  if (x > 0) visit(cell - 1);
  if (x < width - 1) visit(cell + 1);
  if (cell >= width) visit(cell - width);
  if (cell < last) visit(cell + width);
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
