/** Fills of bars: the class's colour under a hatch of its own, so that colour is never the only sign. */

const HATCHES = [
  "",
  "repeating-linear-gradient(45deg, #0006 0 1.5px, transparent 1.5px 7px)",
  "repeating-linear-gradient(135deg, #0006 0 1.5px, transparent 1.5px 7px)",
  "repeating-linear-gradient(0deg, #0006 0 1.5px, transparent 1.5px 6px)",
  "repeating-linear-gradient(90deg, #0006 0 1.5px, transparent 1.5px 6px)",
  "radial-gradient(#0007 1.2px, transparent 1.4px) 0 0 / 6px 6px",
];

/** CSS background of the k-th class. */
export function fillOf(colour: string, k: number): string {
  const hatch = HATCHES[k % HATCHES.length];
  return hatch ? `${hatch}, ${colour}` : colour;
}

const DASHES = [[], [8, 4], [2, 3], [8, 3, 2, 3], [14, 4], [4, 4]];

/** Dashes of the k-th class's line. */
export const dashOf = (k: number): number[] => DASHES[k % DASHES.length];
