import type { Point } from "./brush";

/**
 * Cells whose centre lies inside the polygon of `corners` (image coordinates, closed by itself).
 * Even-odd rule: where the outline crosses itself, what is enclosed twice is outside.
 */
export function polygonCells(width: number, height: number, corners: Point[]): Uint32Array {
  if (corners.length < 3) return new Uint32Array(0);
  const rows = corners.map((corner) => corner.y);
  const top = Math.max(0, Math.floor(Math.min(...rows)));
  const bottom = Math.min(height, Math.ceil(Math.max(...rows)));
  const cells: number[] = [];
  for (let y = top; y < bottom; y++) {
    const crossings = crossingsOf(corners, y + 0.5);
    for (let k = 0; k + 1 < crossings.length; k += 2) {
      const first = Math.max(0, Math.ceil(crossings[k] - 0.5));
      const last = Math.min(width, Math.ceil(crossings[k + 1] - 0.5));
      for (let x = first; x < last; x++) cells.push(y * width + x);
    }
  }
  return Uint32Array.from(cells);
}

/** Where the outline crosses the horizontal line at `y`, from left to right. */
function crossingsOf(corners: Point[], y: number): number[] {
  const crossings: number[] = [];
  corners.forEach((a, k) => {
    const b = corners[(k + 1) % corners.length];
    // Half open, so that a corner lying on the line is met by one of its two edges only.
    if (a.y <= y !== b.y <= y) crossings.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x));
  });
  return crossings.sort((a, b) => a - b);
}
