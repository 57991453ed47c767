import type { Curve, CurveFigure, CurvePoint } from "../../api/lead";
import type { ClassCount } from "../../api/types";
import type { Line } from "../../widgets/chart";
import { dashOf } from "../../widgets/chartfill";
import type { Cell } from "./saving";

export const MEAN = "class mean";
export type Against = "labels" | "hours";
/** Rounds' tiles as their model had foreseen them: drawn by lot, and chosen. */
const LANES = [
  { lane: "control", name: "on control tiles", colour: "#2f9e8f", dash: [2, 3] },
  { lane: "active", name: "on chosen tiles", colour: "#d9772b", dash: [9, 3, 2, 3] },
] as const;

/** Lines over labels or hours of work, ascending: the class mean first, then the lanes, classes. */
export function curveOf(
  { points }: Curve,
  classes: Pick<ClassCount, "name" | "colour">[],
  against: Against,
  meanColour: string,
): { x: number[]; lines: Line[] } {
  const ordered = [...points].sort((a, b) => a[against] - b[against] || a.round - b.round);
  const lineOf = (name: string, colour: string, of: (point: CurvePoint) => CurveFigure | null) => ({
    name,
    colour,
    values: ordered.map((point) => of(point)?.value ?? null),
    low: ordered.map((point) => of(point)?.low ?? null),
    high: ordered.map((point) => of(point)?.high ?? null),
  });
  const mean = { ...lineOf(MEAN, meanColour, ({ mean }) => mean), strong: true };
  const perClass = classes.map(({ name, colour }, k) => ({
    ...lineOf(name, colour, ({ iou }) => iou[name] ?? null),
    dash: dashOf(k + 1),
  }));
  const lanes = LANES.map(({ lane, name, colour, dash }) => ({
    ...lineOf(name, colour, (point) => point[lane]),
    dash: [...dash],
  }));
  const measured = [...lanes, ...perClass].filter(({ values }) => values.some((v) => v !== null));
  return { x: spaced(ordered.map((point) => point[against])), lines: [mean, ...measured] };
}

/** Two rounds from as many labels are drawn side by side: the x of a chart has to ascend. */
function spaced(x: number[]): number[] {
  const found: number[] = [];
  for (const value of x) {
    const last = found.at(-1);
    found.push(last !== undefined && value <= last ? last + 1e-6 * (Math.abs(last) || 1) : value);
  }
  return found;
}

/** The chart for those who don't see it. */
export function inWords({ points, split }: Curve): string {
  const told = points.map(({ labels, mean: { value, low, high } }) => {
    const range = low === null || high === null ? "" : ` (${low.toFixed(2)} to ${high.toFixed(2)})`;
    return `${value?.toFixed(2) ?? "unknown"}${range} at ${labels}`;
  });
  return `Class-mean IoU on ${split} by labelled tiles: ${told.join(", ")}`;
}

export function curveRows({ points }: Curve, classes: Pick<ClassCount, "name">[]): Cell[][] {
  const names = classes
    .map(({ name }) => name)
    .filter((name) => points.some(({ iou }) => iou[name]));
  return [
    [
      "round",
      "strategy",
      "labelled tiles",
      "hours",
      ...[MEAN, ...LANES.map(({ name }) => name), ...names].flatMap((name) => [
        `${name} IoU`,
        `${name} low`,
        `${name} high`,
      ]),
    ],
    ...points.map((point): Cell[] => [
      point.round,
      point.strategy,
      point.labels,
      point.hours,
      ...[
        point.mean,
        ...LANES.map(({ lane }) => point[lane]),
        ...names.map((name) => point.iou[name]),
      ].flatMap(figureCells),
    ]),
  ];
}

const figureCells = (figure: CurveFigure | undefined): Cell[] => [
  figure?.value ?? null,
  figure?.low ?? null,
  figure?.high ?? null,
];
