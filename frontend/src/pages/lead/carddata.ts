import type { ModelCard, Sources } from "../../api/models";
import type { Model } from "../../api/types";
import { counted, day, grouped } from "../../words";
import { nameOf } from "./modelsdata";
import type { Cell } from "./saving";

/** What is known of one model. */
export interface Told {
  model: Model;
  card: ModelCard;
  /** null: of a model without a training set here. */
  sources: Sources | null;
}

export interface Line {
  name: string;
  /** One for each model; "–" where it says nothing of it. */
  values: string[];
  differs: boolean;
}

export interface Group {
  title: string;
  lines: Line[];
}

type Facts = Record<string, unknown>;

/** A list that is longer than this is counted, not written out. */
const LISTED = 14;

const GROUPS: [title: string, facts: (told: Told) => Facts][] = [
  ["What it is", identity],
  ["What it learnt from", material],
  ["How it was judged", judgement],
  [
    "How it was taught",
    ({ card }) => part(card, "policy", "sampling", "augmentation", "memory", "gain"),
  ],
  ["Its settings", ({ card }) => inside(card, "config")],
  ["Where it was trained", circumstances],
];

/** The models' cards line by line, beside each other. */
export function groupsOf(told: Told[]): Group[] {
  return GROUPS.map(([title, facts]) => {
    const columns = told.map((each) => flat(facts(each)));
    const names = [...new Set(columns.flatMap((column) => [...column.keys()]))];
    const lines = names.map((name) => {
      const values = columns.map((column) => column.get(name) ?? "–");
      return { name, values, differs: new Set(values).size > 1 };
    });
    return { title, lines };
  });
}

export const cardRows = (told: Told[], groups: Group[]): Cell[][] => [
  ["part", "fact", ...told.map(({ model }) => nameOf(model))],
  ...groups.flatMap(({ title, lines }) =>
    lines.map(({ name, values }) => [title, name, ...values]),
  ),
];

function identity({ model, card }: Told): Facts {
  const classes = (card.classes ?? []) as { name: string }[];
  return {
    hash: model.hash,
    state: model.state,
    made: day(model.created),
    ...part(card, "network"),
    members: ((card.members ?? []) as unknown[]).length,
    sees: model.features ?? "the bands",
    bands: card.bands,
    classes: classes.map(({ name }) => name),
  };
}

function material({ card, sources }: Told): Facts {
  const facts: Facts = inside(card, "snapshot");
  for (const { name, licence, restricted, tiles } of sources?.labels ?? []) {
    const terms = `${licence || "no licence stated"}${restricted ? " (restricted use)" : ""}`;
    facts[`licence of labels: ${name}`] = `${terms}, ${counted(tiles, "tile")}`;
  }
  const imagery: string[] = [];
  for (const { attribution, tiles } of sources?.imagery ?? []) {
    imagery.push(`${attribution} (${counted(tiles, "tile")})`);
  }
  return sources ? { ...facts, imagery: imagery.join(" ") } : facts;
}

function judgement({ card }: Told): Facts {
  const { confusion, intervals, ...metrics } = inside(card, "metrics");
  const { bins_before, bins_after, ...calibration } = inside(card, "calibration");
  const within = (intervals ?? {}) as { class_mean_iou?: unknown; iou?: unknown; scenes?: unknown };
  return {
    ...metrics,
    "interval of class mean iou": within.class_mean_iou,
    "interval of iou": within.iou,
    "scenes of the intervals": within.scenes,
    temperatures: card.temperatures,
    calibration,
  };
}

function circumstances({ card }: Told): Facts {
  const { config, ...run } = inside(card, "run");
  return { ...inside(card, "environment"), ...run, ...part(card, "weights") };
}

const inside = (card: ModelCard, name: string): Facts => ({ ...((card[name] ?? {}) as Facts) });

const part = (card: ModelCard, ...names: string[]): Facts =>
  Object.fromEntries(names.filter((name) => name in card).map((name) => [name, card[name]]));

/** {"iou": {"cloud": 0.8, "clear": 0.9}} → "iou": "cloud 0.8 · clear 0.9" */
function flat(facts: Facts, before = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(facts)) {
    const key = before + said(name);
    if (!isFacts(value)) {
      if (value !== undefined) found.set(key, worded(value));
    } else if (Object.values(value).some(isFacts)) {
      for (const [inner, words] of flat(value, `${key}: `)) found.set(inner, words);
    } else {
      found.set(key, inOneLine(value));
    }
  }
  return found;
}

const inOneLine = (facts: Facts): string =>
  Object.entries(facts)
    .map(([name, value]) => `${said(name)} ${worded(value)}`)
    .join(" · ") || "–";

const said = (name: string): string => name.replaceAll("_", " ");

const isFacts = (value: unknown): value is Facts =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function worded(value: unknown): string {
  if (value === null || value === "") return "–";
  if (typeof value === "number") {
    return Number.isInteger(value) ? grouped(value) : String(Number(value.toPrecision(4)));
  }
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value) ? listed(value) : String(value);
}

function listed(values: unknown[]): string {
  if (values.length > LISTED || values.some((each) => typeof each === "object")) {
    return counted(values.length, "value");
  }
  // An interval stands among others in one line.
  const range = values.length === 2 && values.every((each) => typeof each === "number");
  return values.map(worded).join(range ? " … " : ", ");
}
