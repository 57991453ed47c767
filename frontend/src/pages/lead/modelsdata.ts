import type { ClassVerdict, Model, ModelPage } from "../../api/types";
import { counted } from "../../words";
import type { Cell } from "./saving";

export const SHORT = 8;

/** A class of the newest decision, ready to be drawn. */
export interface Row {
  name: string;
  verdict: ClassVerdict["verdict"];
  /** Candidate less champion, IoU; null where there is no such figure. */
  difference: { value: number; low: number; high: number } | null;
  candidate: number | null;
  champion: number | null;
  margin: number;
  /** Of validation; null: nothing was computed. */
  scenes: number | null;
  reference: number;
  /** About how many more scenes the decision takes; 0: none, or no number helps. */
  needs: number;
}

/** The model that the last decision was about: the newest one. */
export const newestOf = ({ results }: ModelPage): Model | null => results[0] ?? null;

export function rowsOf(model: Model | null): Row[] {
  const { classes = {}, needs = {} } = model?.decision ?? {};
  return Object.entries(classes).map(([name, row]) => ({
    name,
    verdict: row.verdict,
    difference: whole(row.difference),
    candidate: row.candidate,
    champion: row.champion,
    margin: row.margin,
    scenes: row.scenes,
    reference: row.reference,
    needs: needs[name] ?? 0,
  }));
}

function whole(difference: ClassVerdict["difference"]): Row["difference"] {
  if (!difference) return null;
  const { value, low, high } = difference;
  return value === null || low === null || high === null ? null : { value, low, high };
}

const LEAST_EXTENT = 0.02;

/** IoU from the middle of all ranges to their ends: one scale for all classes, margins in sight. */
export function extentOf(rows: Row[]): number {
  const ends = rows.flatMap(({ difference, margin }) =>
    difference ? [Math.abs(difference.low), Math.abs(difference.high), margin] : [],
  );
  return Math.max(LEAST_EXTENT, ...ends) * 1.1;
}

/** Where a difference lies on that scale: 0 left, 50 no difference, 100 right; in percent. */
export function placeOf(value: number, extent: number): number {
  return 50 + 50 * Math.max(-1, Math.min(1, value / extent));
}

/** "+0.012", with a true minus sign. */
export function signed(value: number): string {
  const digits = Math.abs(value).toFixed(3);
  if (Number(digits) === 0) return digits;
  return `${value < 0 ? "−" : "+"}${digits}`;
}

export const nameOf = ({ hash, round }: Pick<Model, "hash" | "round">): string =>
  round ? `round ${round}` : hash.slice(0, SHORT);

/** Who ranks the pool, in a sentence. */
export function standing({ champion, results }: ModelPage): string {
  if (champion) {
    return `The model of ${nameOf(champion)} is champion: it ranks the pool and draws pre-labels.`;
  }
  return results.length
    ? "There is no champion yet: each round is ranked by its own model, provisionally."
    : "";
}

/** What was decided about the newest model, in a sentence; "" where nothing was. */
export function outcome(model: Model | null): string {
  if (!model?.decision) return "";
  const { by_hand: byHand } = model.decision;
  if (byHand && model.state === "champion") {
    return `It was promoted by hand by ${byHand.who ?? "the command line"}: ${byHand.why}`;
  }
  if (model.state === "champion") return "It was promoted by the rules.";
  return model.state === "retired" ? "It was retired." : "It was kept back.";
}

/** "about 12 more scenes"; where more scenes wouldn't help, what would. */
export function stillNeeded({ needs, verdict }: Row): string {
  if (needs) return `about ${counted(needs, "more scene")}`;
  return verdict === "loses" || verdict === "unsure" ? "a better model" : "–";
}

/** A row for those who don't see the picture. */
export function inWords({ name, difference, margin }: Row): string {
  if (!difference) return `${name}: no difference can be told`;
  const { value, low, high } = difference;
  return `${name}: ${signed(value)} IoU, from ${signed(low)} to ${signed(high)}; margin ${margin}`;
}

export const gateRows = (rows: Row[]): Cell[][] => [
  [
    "class",
    "champion IoU",
    "candidate IoU",
    "difference",
    "low",
    "high",
    "margin",
    "verdict",
    "validation scenes",
    "reference scenes",
    "more scenes needed",
  ],
  ...rows.map(({ difference, ...row }): Cell[] => [
    row.name,
    row.champion,
    row.candidate,
    difference?.value ?? null,
    difference?.low ?? null,
    difference?.high ?? null,
    row.margin,
    row.verdict,
    row.scenes,
    row.reference,
    row.needs,
  ]),
];
