/** Brush diameters in pixels. Odd, so that a brush has a middle pixel. */
export const BRUSH_SIZES = [1, 3, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129] as const;

/** The next brush size above (`by` = 1) or below (`by` = -1) `size`. */
export function nextBrushSize(size: number, by: 1 | -1): number {
  if (by === 1) return BRUSH_SIZES.find((candidate) => candidate > size) ?? size;
  return BRUSH_SIZES.findLast((candidate) => candidate < size) ?? size;
}

export interface Point {
  x: number;
  y: number;
}

/**
 * Cells a brush of diameter `size` covers on its way from `from` to `to` (image coordinates, pixels;
 * cell (0, 0) spans 0–1). The way is cut to the plane.
 */
export function brushCells(
  width: number,
  height: number,
  from: Point,
  to: Point,
  size: number,
): Uint32Array {
  const [x0, y0, x1, y1] = [from.x, from.y, to.x, to.y].map(Math.floor);
  // A quarter pixel less than half the size: 1 is one cell, 3 a plus, and larger ones look round.
  const radius = size / 2 - 0.25;
  const [top, bottom] = range(y0, y1, radius, height);
  const [left, right] = range(x0, x1, radius, width);
  const cells = new Uint32Array(Math.max(0, bottom - top) * Math.max(0, right - left));
  const near = nearSegment(x0, y0, x1, y1, radius);
  let count = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (near(x, y)) cells[count++] = y * width + x;
    }
  }
  return cells.slice(0, count);
}

function range(a: number, b: number, radius: number, limit: number): [number, number] {
  const first = Math.ceil(Math.min(a, b) - radius);
  const last = Math.floor(Math.max(a, b) + radius);
  return [Math.max(0, first), Math.min(limit, last + 1)];
}

function nearSegment(x0: number, y0: number, x1: number, y1: number, radius: number) {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const length2 = dx * dx + dy * dy;
  const radius2 = radius * radius;
  return (x: number, y: number): boolean => {
    const along = length2 ? ((x - x0) * dx + (y - y0) * dy) / length2 : 0;
    const t = Math.min(1, Math.max(0, along));
    const offX = x - x0 - t * dx;
    const offY = y - y0 - t * dy;
    return offX * offX + offY * offY <= radius2;
  };
}
