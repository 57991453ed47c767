/** Where two masks of one tile name a class, where only one of them does, and where neither. */

/** Codes of a difference plane. */
export const Differs = { unsaid: 0, both: 1, first: 2, second: 3, neither: 4 } as const;
export type Differs = (typeof Differs)[keyof typeof Differs];

/** Codes from here on name no class: unsure, not labelled, can't say. */
const NO_CLASS = 254;

/** Which codes count as the class asked for; codes that name no class never do. */
export type Wanted = (code: number) => boolean;

/**
 * Cell by cell: `both` masks name a wanted class, only the `first`, only the `second`, or
 * `neither`; `unsaid` where either names none at all. The planes have equal length.
 */
export function difference(first: Uint8Array, second: Uint8Array, wanted: Wanted): Uint8Array {
  if (first.length !== second.length) {
    throw new RangeError(`Masks of ${first.length} and ${second.length} cells can't be compared.`);
  }
  const is = Uint8Array.from({ length: NO_CLASS }, (_, code) => (wanted(code) ? 1 : 0));
  const out = new Uint8Array(first.length);
  for (let i = 0; i < out.length; i++) {
    if (first[i] >= NO_CLASS || second[i] >= NO_CLASS) continue;
    out[i] = VERDICTS[2 * is[first[i]] + is[second[i]]];
  }
  return out;
}

const VERDICTS = [Differs.neither, Differs.second, Differs.first, Differs.both];

/** Cells by code of a difference plane. */
export function tally(plane: Uint8Array): Record<keyof typeof Differs, number> {
  const counts = new Uint32Array(5);
  for (const code of plane) counts[code]++;
  const [unsaid, both, first, second, neither] = counts;
  return { unsaid, both, first, second, neither };
}

export interface Change {
  from: number;
  to: number;
  cells: number;
}

/** What became of a label: cells by old and new code, the most common change first. */
export function changes(before: Uint8Array, after: Uint8Array): Change[] {
  const counts = new Map<number, number>();
  for (let i = 0; i < before.length; i++) {
    if (before[i] === after[i]) continue;
    const key = before[i] * 256 + after[i];
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .map(([key, cells]) => ({ from: key >> 8, to: key & 0xff, cells }))
    .sort((a, b) => b.cells - a.cells);
}
