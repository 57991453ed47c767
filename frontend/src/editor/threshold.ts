const BINS = 256;

/**
 * The value that parts `cells` of `plane` best into a dark and a bright group: Otsu's method (IEEE Trans. SMC
 * 9, 1979) on 256 steps between the 0.5 % and the 99.5 % quantile. NaN where there are fewer than two values.
 */
export function otsu(plane: ArrayLike<number>, cells: ArrayLike<number>): number {
  const values = Float32Array.from(cells, (i) => plane[i]).sort();
  const low = values[Math.floor(0.005 * (values.length - 1))];
  const high = values[Math.ceil(0.995 * (values.length - 1))];
  if (!(high > low)) return Number.NaN;
  const counts = new Uint32Array(BINS);
  const step = (high - low) / (BINS - 1);
  for (const value of values) {
    counts[Math.round((Math.min(high, Math.max(low, value)) - low) / step)]++;
  }
  return low + (bestBin(counts, values.length) + 0.5) * step;
}

/** The bin after which the variance between what is up to it and what is above is largest. */
function bestBin(counts: Uint32Array, total: number): number {
  let sum = 0;
  counts.forEach((count, bin) => {
    sum += bin * count;
  });
  let [below, sumBelow, best, most] = [0, 0, 0, -1];
  for (let bin = 0; bin < BINS - 1; bin++) {
    below += counts[bin];
    sumBelow += bin * counts[bin];
    const above = total - below;
    if (!below || !above) continue;
    const between = below * above * (sumBelow / below - (sum - sumBelow) / above) ** 2;
    if (between > most) [most, best] = [between, bin];
  }
  return best;
}

/** Those of `cells` whose value in `plane` is above `limit`, or at most that where `dark`. */
export function beyond(
  plane: ArrayLike<number>,
  cells: Uint32Array,
  limit: number,
  dark: boolean,
): Uint32Array {
  return cells.filter((i) => plane[i] > limit !== dark);
}
