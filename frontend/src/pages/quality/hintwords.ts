import type { HintReport } from "../../api/quality";
import { percent } from "../../words";

type Estimate = HintReport["pull"];

export const share = (value: number | null): string => (value === null ? "–" : percent(value));

/** "12 % (9 … 15)"; a difference keeps its sign. */
export function estimated({ mean, interval }: Estimate): string {
  if (mean === null) return "–";
  if (!interval) return signedPercent(mean);
  const [low, high] = interval.map((end) => (100 * end).toFixed(0).replace("-", "−"));
  return `${signedPercent(mean)} (${low} … ${high})`;
}

function signedPercent(value: number): string {
  return value < 0 ? `−${percent(-value)}` : percent(value);
}

/** What the arms' difference comes to, in a sentence. */
export function pullInWords({ mean, interval, tiles }: Estimate): string {
  if (mean === null || !interval) {
    return "It can’t be told yet: it takes two labels or more of each kind.";
  }
  const [low, high] = interval;
  if (low > 0) {
    return `Yes: labels drawn in sight of the pre-label lie nearer to it, by ${percent(mean)} of a tile.`;
  }
  if (high < 0) return "No: labels drawn in its sight lie further from it than the others.";
  return `No pull can be told from chance, on ${tiles} tiles of each kind or more.`;
}
