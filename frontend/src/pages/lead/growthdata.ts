import type { Growth, GrowthClass, GrowthPart } from "../../api/lead";
import { fillOf } from "../../widgets/chartfill";
import type { Cell } from "./saving";

export const DIMENSIONS = [
  ["months", "Month"],
  ["places", "Place"],
  ["sources", "Source"],
] as const;
export type Dimension = (typeof DIMENSIONS)[number][0];

/** Entropy of the classes' shares of the pixels over its largest value: 1 is even, 0 one class. */
export function evenness({ classes, pixels }: Growth): number {
  const shares = classes.map((each) => each.pixels / pixels).filter((share) => share > 0);
  const entropy = -shares.reduce((sum, share) => sum + share * Math.log(share), 0);
  return classes.length > 1 ? Math.abs(entropy / Math.log(classes.length)) : 1;
}

/** The classes of a part's pixels, the schema's order, those it has; shares add up to 1. */
export function stackOf({ pixels }: GrowthPart, classes: GrowthClass[]) {
  const whole = Object.values(pixels).reduce((sum, n) => sum + n, 0);
  return classes
    .map(({ code, name, colour }, k) => ({
      name,
      share: whole ? (pixels[code] ?? 0) / whole : 0,
      fill: fillOf(colour, k),
    }))
    .filter(({ share }) => share > 0);
}

const secondsOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 1000;

/** The weeks with the target behind them, where it has a day: seconds since 1970, tiles. */
export function targetLine({ weeks, target }: Growth) {
  const x = weeks.map(({ first }) => secondsOf(first));
  const tiles: (number | null)[] = weeks.map((week) => week.tiles);
  const by = target.date ? secondsOf(target.date) : Number.NaN;
  if (!target.tiles || Number.isNaN(by) || by <= x[0]) return { x, tiles, target: null };
  const at = x.filter((each) => each < by);
  const after = x.slice(at.length);
  // A straight line from the first week to the target; the day itself may lie between two weeks.
  const line = (each: number) =>
    each > by ? null : tiles[0]! + ((target.tiles! - tiles[0]!) * (each - x[0])) / (by - x[0]);
  const places = after[0] === by ? x : [...at, by, ...after];
  return {
    x: places,
    tiles: places.map((each) => tiles[x.indexOf(each)] ?? null),
    target: places.map(line),
  };
}

export const weekRows = (growth: Growth | null): Cell[][] => [
  ["week from", "labelled tiles"],
  ...(growth?.weeks.map(({ first, tiles }): Cell[] => [first, tiles]) ?? []),
];

export const classRows = (growth: Growth | null): Cell[][] => [
  ["class", "pixels", "tiles", "scenes"],
  ...(growth?.classes.map(({ name, pixels, tiles, scenes }): Cell[] => [
    name,
    pixels,
    tiles,
    scenes,
  ]) ?? []),
];

export const partRows = (growth: Growth | null, dimension: Dimension): Cell[][] => [
  [dimension, "tiles", "scenes", ...(growth?.classes.map(({ name }) => `${name} pixels`) ?? [])],
  ...(growth?.[dimension].map(({ name, tiles, scenes, pixels }): Cell[] => [
    name,
    tiles,
    scenes,
    ...growth.classes.map(({ code }) => pixels[code] ?? 0),
  ]) ?? []),
];
