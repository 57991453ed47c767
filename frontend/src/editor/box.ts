/** A rectangle of cells, `right` and `bottom` not included. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export function wholeBox(width: number, height: number): Box {
  return { left: 0, top: 0, right: width, bottom: height };
}

/** The smallest box around `cells` of a plane `width` wide, or null where there are none. */
export function boxOf(cells: Uint32Array, width: number): Box | null {
  if (cells.length === 0) return null;
  const box = { left: width, top: Infinity, right: 0, bottom: 0 };
  for (const cell of cells) {
    const x = cell % width;
    const y = (cell / width) | 0;
    if (x < box.left) box.left = x;
    if (x >= box.right) box.right = x + 1;
    if (y < box.top) box.top = y;
    if (y >= box.bottom) box.bottom = y + 1;
  }
  return box;
}

export function union(a: Box | null, b: Box | null): Box | null {
  if (!a || !b) return a ?? b;
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

/** `box` widened by `margin` cells on every side, cut to a plane of `width` × `height`. */
export function widen(box: Box, margin: number, width: number, height: number): Box {
  return {
    left: Math.max(0, box.left - margin),
    top: Math.max(0, box.top - margin),
    right: Math.min(width, box.right + margin),
    bottom: Math.min(height, box.bottom + margin),
  };
}
