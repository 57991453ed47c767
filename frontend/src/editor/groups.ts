/** Cells of a plane by the number it gives them: group k is `cells[starts[k]] … cells[starts[k + 1] - 1]`. */
export interface Groups {
  owner: Uint16Array;
  starts: Uint32Array;
  cells: Uint32Array;
}

export function groupsOf(owner: Uint16Array): Groups {
  const count = owner.reduce((most, each) => Math.max(most, each), 0) + 1;
  const starts = new Uint32Array(count + 1);
  for (const each of owner) starts[each + 1]++;
  for (let k = 0; k < count; k++) starts[k + 1] += starts[k];
  const next = starts.slice();
  const cells = new Uint32Array(owner.length);
  owner.forEach((each, cell) => {
    cells[next[each]++] = cell;
  });
  return { owner, starts, cells };
}

/** The cells of the groups that any of `touched` belongs to. */
export function groupCells({ owner, starts, cells }: Groups, touched: Uint32Array): Uint32Array {
  const numbers = new Set(Array.from(touched, (cell) => owner[cell]));
  const parts = [...numbers].map((k) => cells.subarray(starts[k], starts[k + 1]));
  const all = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
