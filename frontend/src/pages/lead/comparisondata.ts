import type { Comparison } from "../../api/lead";
import type { Line } from "../../widgets/chart";
import type { Cell } from "./saving";

interface Figure {
  value: number | null;
  low: number | null;
  high: number | null;
}

interface BufferRow {
  radius: number;
  leaked: Figure;
  lost: Figure;
}

export interface BufferSource {
  name: string;
  rows: BufferRow[];
}

const MODEL = "the model";

/** The buffer curves of model and masks, those that have one. */
export function bufferOf({ model, masks }: Comparison): BufferSource[] {
  const all = [
    ...(model ? [{ name: MODEL, suite: model.suite }] : []),
    ...masks.map(({ name, suite }) => ({ name, suite })),
  ];
  return all
    .map(({ name, suite }) => ({ name, rows: curveIn(suite) }))
    .filter(({ rows }) => rows.length > 0);
}

const curveIn = (suite: unknown): BufferRow[] =>
  (suite as { buffer?: BufferRow[] } | null)?.buffer ?? [];

/** Cloud and shadow that leak through, and clear ground that is lost, by radius. */
export function bufferLines({ rows }: BufferSource): Line[] {
  const lineOf = (name: string, colour: string, what: "leaked" | "lost"): Line => ({
    name,
    colour,
    values: rows.map((row) => row[what].value),
    low: rows.map((row) => row[what].low),
    high: rows.map((row) => row[what].high),
    strong: true,
  });
  return [
    lineOf("cloud still called clear", "#f2c14e", "leaked"),
    { ...lineOf("clear masked", "#4cc3d9", "lost"), dash: [8, 4] },
  ];
}

/** "0.81 [0.76, 0.85]"; without an interval the figure alone. */
export function figureWords({ value, low, high }: Figure): string {
  if (value === null) return "–";
  const range = low === null || high === null ? "" : ` [${low.toFixed(2)}, ${high.toFixed(2)}]`;
  return `${value.toFixed(3)}${range}`;
}

export const bufferRows = (sources: BufferSource[]): Cell[][] => [
  ["mask", "buffer px", "leaked", "leaked low", "leaked high", "lost", "lost low", "lost high"],
  ...sources.flatMap(({ name, rows }) =>
    rows.map(({ radius, leaked, lost }): Cell[] => [
      name,
      radius,
      ...[leaked, lost].flatMap(({ value, low, high }) => [value, low, high]),
    ]),
  ),
];

export const comparisonRows = ({ masks }: Comparison): Cell[][] => [
  [
    "mask",
    "answered",
    "scenes",
    "mask IoU",
    "low",
    "high",
    "model IoU",
    "low",
    "high",
    "lead",
    "p (Holm)",
    "s/Mpx",
  ],
  ...masks.map((mask): Cell[] => {
    const pair = mask.answered_pixels ?? mask.all_pixels;
    const [its, ours] = [pair.mask.class_mean_iou, pair.model?.class_mean_iou];
    return [
      mask.name,
      mask.answered,
      pair.scenes,
      its.value,
      its.low,
      its.high,
      ours?.value ?? null,
      ours?.low ?? null,
      ours?.high ?? null,
      pair.lead?.value ?? null,
      pair.lead?.p_holm ?? null,
      mask.cost?.seconds_per_mpix ?? null,
    ];
  }),
];
