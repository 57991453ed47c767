import type { Calibration, ClassCalibration } from "../../api/lead";
import type { Cell } from "./saving";

export type ReliabilityBin = ClassCalibration["bins_after"][number];

export const calibrationRows = ({ classes }: Calibration): Cell[][] => [
  ["class", "temperature", "error", "said", "seen", "pixels"],
  ...classes.flatMap(({ name, before, after, bins_before, bins_after }) => [
    ...binRows(name, "before", before, bins_before),
    ...binRows(name, "after", after, bins_after),
  ]),
];

/** A row a bin; a class without bins has one for its error. */
function binRows(
  name: string,
  moment: string,
  error: number | null,
  bins: ReliabilityBin[],
): Cell[][] {
  if (!bins.length) return [[name, moment, error, null, null, null]];
  return bins.map(({ said, seen, pixels }) => [name, moment, error, said, seen, pixels]);
}
