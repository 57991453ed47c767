import type { CatalogueQuery } from "../../api/catalogue";

/** One thing to filter by, as the panel shows it. The names are those of the server. */
export interface Filter {
  name: Exclude<keyof CatalogueQuery, "sort" | "limit" | "cursor">;
  label: string;
  /** Of a list; where there is none it is typed. */
  choices?: readonly string[];
  hint?: string;
  kind?: "number" | "date" | "text";
}

const STATES = [
  "none",
  "open",
  "reserved",
  "submitted",
  "in_review",
  "accepted",
  "rejected",
  "skipped",
  "superseded",
  "closed",
] as const;
const LANES = [
  "active",
  "control",
  "reference",
  "gold",
  "second",
  "rework",
  "rereview",
  "pick",
] as const;

export const FILTERS: { group: string; filters: Filter[] }[] = [
  {
    group: "Work",
    filters: [
      { name: "state", label: "State", choices: STATES },
      { name: "lane", label: "Lane", choices: LANES },
      { name: "split", label: "Split", choices: ["pool", "validation", "test"] },
      { name: "label", label: "Label", hint: "any, none …" },
      { name: "fence", label: "Fence", hint: "any, none …" },
      { name: "scope", label: "Scope", choices: ["in", "out", "unknown"] },
    ],
  },
  {
    group: "Place and time",
    filters: [
      { name: "place", label: "Place", hint: "35VLF/512" },
      { name: "months", label: "Months", hint: "4,5,6" },
      { name: "since", label: "From", kind: "date" },
      { name: "until", label: "To", kind: "date" },
      { name: "satellite", label: "Satellite", hint: "S2A" },
      { name: "level", label: "Level", hint: "L1C" },
    ],
  },
  {
    group: "Content",
    filters: [
      { name: "cloud_min", label: "Cloud from %", kind: "number" },
      { name: "cloud_max", label: "Cloud to %", kind: "number" },
      { name: "class", label: "Class", hint: "shadow:5:100" },
      { name: "valid_min", label: "Valid from %", kind: "number" },
      { name: "near_duplicate", label: "Near-copy", choices: ["yes", "no"] },
    ],
  },
  {
    group: "Newest round",
    filters: [
      { name: "score_min", label: "Score from", kind: "number" },
      { name: "score_max", label: "Score to", kind: "number" },
      { name: "slice", label: "Slice", hint: "informative" },
    ],
  },
];

export const SORTS = [
  ["id", "oldest first"],
  ["-id", "newest first"],
  ["-score", "highest score"],
  ["-cloud", "most cloud"],
  ["cloud", "least cloud"],
  ["-taken", "latest date"],
  ["taken", "earliest date"],
  ["place", "place"],
  ["sun", "lowest sun"],
] as const;

const NAMES = new Set<string>(FILTERS.flatMap(({ filters }) => filters.map(({ name }) => name)));

/** The filters and the order that an address asks for; what there isn't is left out. */
export function queryOf(search: string): CatalogueQuery {
  const asked = new URLSearchParams(search);
  const query: Record<string, string> = {};
  for (const [name, value] of asked) {
    if (value && (NAMES.has(name) || name === "sort")) query[name] = value;
  }
  return query;
}

/** The address's part that asks for `query`, so that a list can be sent to somebody. */
export function searchOf(query: CatalogueQuery): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(entries.map(([name, value]) => [name, String(value)]));
  return entries.length ? `?${text}` : "";
}
