import type { BatchTile } from "../../api/types";
import { percent } from "../../words";
import type { Cell } from "./saving";

/** What made the score a choice: quota, noise, place by score alone, chance, likeness. */
export function partsOf(
  tile: Pick<BatchTile, "quota" | "noise" | "standing" | "probability" | "likeness">,
): string[] {
  const { quota, noise, standing, probability, likeness } = tile;
  return [
    quota && `quota ${quota}`,
    standing ? `${ordinal(standing)} by score alone` : "",
    noise ? `noise ${noise > 0 ? "+" : "−"}${Math.abs(noise).toFixed(2)}` : "",
    probability ? `drawn with chance ${percent(probability)}` : "",
    likeness === null ? "" : `likeness ${likeness.toFixed(2)}`,
  ].filter((part) => part !== "");
}

/** 1st, 2nd, 3rd, 4th … 11th … 21st */
export function ordinal(n: number): string {
  const teen = n % 100 > 10 && n % 100 < 14;
  return `${n}${(!teen && ["", "st", "nd", "rd"][n % 10]) || "th"}`;
}

export const batchRows = (tiles: BatchTile[]): Cell[][] => [
  [
    "rank",
    "tile",
    "place",
    "taken",
    "slice",
    "score",
    "why",
    "quota",
    "noise",
    "standing",
    "probability",
    "nearest",
    "likeness",
    "state",
  ],
  ...tiles.map((each): Cell[] => [
    each.rank,
    each.tile,
    each.place,
    each.datetime,
    each.slice,
    each.score,
    each.why,
    each.quota,
    each.noise,
    each.standing,
    each.probability,
    each.nearest,
    each.likeness,
    each.state,
  ]),
];

/** Why the order in which tiles are served is not the newest there could be; "" where it is. */
export function provisional(
  batch: { round: number; outdated: boolean },
  running: { n: number } | null,
): string {
  if (running) {
    return `Provisional: until round ${running.n} has ranked the pool, tiles are served in the older order of round ${batch.round}.`;
  }
  return batch.outdated
    ? `Provisional: another model ranks by now than the one that made this order in round ${batch.round}. The next round replaces it.`
    : "";
}
