/** Cells of the 4-connected region around `start` whose cells all satisfy `belongs`. */
export function floodCells(
  width: number,
  height: number,
  start: number,
  belongs: (cell: number) => boolean,
): Uint32Array {
  const seen = new Uint8Array(width * height);
  const region = new Uint32Array(width * height);
  let size = 0;
  const visit = (cell: number) => {
    if (seen[cell] || !belongs(cell)) return;
    seen[cell] = 1;
    region[size++] = cell;
  };
  visit(start);
  for (let head = 0; head < size; head++) {
    const cell = region[head];
    const x = cell % width;
    if (x > 0) visit(cell - 1);
    if (x < width - 1) visit(cell + 1);
    if (cell >= width) visit(cell - width);
    if (cell < width * (height - 1)) visit(cell + width);
  }
  return region.slice(0, size);
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
