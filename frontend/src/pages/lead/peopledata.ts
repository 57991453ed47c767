import type { Work } from "../../api/lead";
import type { PeoplePair } from "../../api/quality";
import type { Cell } from "./saving";

/** Each person's agreement with others: Cohen's kappa, mean over the tiles labelled beside. */
export function kappas(
  pairs: Pick<PeoplePair, "people" | "tiles" | "kappa">[],
): Map<string, number> {
  const sums = new Map<string, { kappa: number; tiles: number }>();
  for (const { people, tiles, kappa } of pairs) {
    if (kappa === null) continue;
    for (const person of people) {
      const sum = sums.get(person) ?? { kappa: 0, tiles: 0 };
      sums.set(person, { kappa: sum.kappa + kappa * tiles, tiles: sum.tiles + tiles });
    }
  }
  return new Map([...sums].map(([person, { kappa, tiles }]) => [person, kappa / tiles]));
}

export const workRows = (people: Work[], agreed: Map<string, number>): Cell[][] => [
  [
    "person",
    "role",
    "labels",
    "reviews",
    "active hours",
    "labels an hour",
    "pace",
    "kappa",
    "gold tiles",
    "gold F1",
    "worse since",
    "sent back",
  ],
  ...people.map((each): Cell[] => [
    each.username,
    each.role,
    each.labelling.done,
    each.reviewing.done,
    (each.labelling.active_seconds + each.reviewing.active_seconds) / 3600,
    each.labelling.per_hour,
    each.pace.factor,
    agreed.get(each.username) ?? null,
    each.gold.tiles,
    each.gold.mean,
    each.drift,
    Object.values(each.rework).reduce((sum, n) => sum + n, 0),
  ]),
];
