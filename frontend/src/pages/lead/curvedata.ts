import type { ClassCount, Round } from "../../api/types";

export interface CurveLine {
  name: string;
  colour: string;
  /** IoU (0–1) at each of the curve's places; null where the class couldn't be measured. */
  values: (number | null)[];
}

export interface CurveData {
  /** Labelled tiles of the pool that the rounds learnt from, ascending. */
  tiles: number[];
  rounds: number[];
  lines: CurveLine[];
  /** Splits the figures were measured on. */
  splits: string[];
}

export const MEAN = "class mean";

/** The learning curve of the rounds that were measured; the class mean comes first. */
export function curveOf(rounds: Round[], classes: ClassCount[], meanColour: string): CurveData {
  const measured = rounds
    .filter((round) => round.metrics)
    .sort((a, b) => a.labelled_pool - b.labelled_pool || a.n - b.n);
  const lineOf = (name: string, colour: string, of: (round: Round) => number | null) => ({
    name,
    colour,
    values: measured.map(of),
  });
  const mean = lineOf(MEAN, meanColour, (round) => round.metrics!.class_mean_iou);
  const perClass = classes.map(({ name, colour }) =>
    lineOf(name, colour, (round) => round.metrics!.iou[name] ?? null),
  );
  return {
    tiles: measured.map(({ labelled_pool }) => labelled_pool),
    rounds: measured.map(({ n }) => n),
    lines: [mean, ...perClass.filter(({ values }) => values.some((value) => value !== null))],
    splits: [...new Set(measured.map(({ metrics }) => metrics!.split))],
  };
}
