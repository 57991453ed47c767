import { flooder } from "./flood";

/** A connected part of a plane: its code and its cells, ascending by discovery. */
export interface Piece {
  code: number;
  cells: Uint32Array;
}

/**
 * The 4-connected parts of `plane` that `belongs` admits, each of one code and of at least `least` cells,
 * the largest first.
 */
export function piecesOf(
  plane: Uint8Array,
  width: number,
  belongs: (cell: number) => boolean,
  least: number,
): Piece[] {
  const height = plane.length / width;
  const seen = new Uint8Array(plane.length);
  const flood = flooder(width, height);
  const pieces: Piece[] = [];
  for (let start = 0; start < plane.length; start++) {
    if (seen[start] || !belongs(start)) continue;
    const code = plane[start];
    const cells = flood(start, (i) => plane[i] === code && belongs(i));
    for (const i of cells) seen[i] = 1;
    if (cells.length >= least) pieces.push({ code, cells });
  }
  return pieces.sort((a, b) => b.cells.length - a.cells.length);
}
