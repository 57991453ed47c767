import type { Monitor } from "../../api/lead";
import type { Line } from "../../widgets/chart";
import { signed } from "./modelsdata";
import type { Cell } from "./saving";

export const STANDINGS: Record<Monitor["random"]["state"], string> = {
  waiting: "Can't tell yet",
  ahead: "Yes",
  behind: "No: random is ahead",
  level: "No difference that matters",
};

export const VERDICTS: Record<Monitor["stopping"]["verdict"], string> = {
  "too early": "Too early to say",
  "go on": "Go on",
  "consider stopping": "Consider stopping",
};

/** 0.012 → "1.2 points", with its sign where it is a difference. */
export function points(share: number): string {
  const value = Math.abs(100 * share).toFixed(1);
  return `${share < 0 && Number(value) ? "−" : ""}${value} points`;
}

/** "+0.020 (+0.010 to +0.030)" */
export const rangeOf = ({
  value,
  low,
  high,
}: {
  value: number;
  low: number;
  high: number;
}): string => `${signed(value)} (${signed(low)} to ${signed(high)})`;

type Control = Monitor["control"];

/** Accuracy and mean IoU on control tiles by round, with their intervals. */
export function controlLines({ rounds }: Control): Line[] {
  const lineOf = (name: string, colour: string, what: "accuracy" | "mean_iou"): Line => ({
    name,
    colour,
    values: rounds.map((round) => round[what]?.value ?? null),
    low: rounds.map((round) => round[what]?.low ?? null),
    high: rounds.map((round) => round[what]?.high ?? null),
    strong: true,
  });
  return [
    lineOf("accuracy, control", "#5aa9ff", "accuracy"),
    { ...lineOf("mean IoU, control", "#f2c14e", "mean_iou"), dash: [8, 4] },
  ];
}

export const controlRows = ({ rounds }: Control): Cell[][] => [
  [
    "round",
    "model",
    "labelled",
    "control tiles",
    "products",
    "accuracy",
    "low",
    "high",
    "mean IoU",
    "IoU low",
    "IoU high",
  ],
  ...rounds.map(({ accuracy, mean_iou, ...round }): Cell[] => [
    round.round,
    round.model,
    round.labelled,
    round.tiles,
    round.products,
    ...[accuracy, mean_iou].flatMap((each) => [
      each?.value ?? null,
      each?.low ?? null,
      each?.high ?? null,
    ]),
  ]),
];

export const randomRows = ({ duels }: Monitor["random"]): Cell[][] => [
  ["duel", "tiles each", "pairs", "chosen accuracy", "random accuracy", "created"],
  ...duels.map(({ n, tiles, pairs, chosen, random, created }): Cell[] => [
    n,
    tiles,
    pairs,
    chosen,
    random,
    created,
  ]),
];

export const stoppingRows = ({ cost: { curve } }: Monitor): Cell[][] => [
  ["round", "labelled", "minutes", "mean IoU"],
  ...curve.map(({ round, labelled, minutes, mean_iou }): Cell[] => [
    round,
    labelled,
    minutes,
    mean_iou,
  ]),
];
