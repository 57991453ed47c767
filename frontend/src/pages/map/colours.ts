import { type Footprints, NOTHING } from "./footprints";

/** What footprints are coloured by: "state", "lane", "score", or "class:" and its code. */
export type ColourBy = string;

export interface Entry {
  name: string;
  colour: string;
  count: number;
}

export interface Painted {
  /** Of each footprint, as octets lie in an image: red first. */
  colours: Uint32Array;
  /** Names that occur, or the ends of a ramp. */
  legend: Entry[];
  /** Of values from least to greatest; null: names, no ramp. */
  ramp: { from: string; to: string; stops: string[] } | null;
}

export const STATE_COLOURS: Record<string, string> = {
  open: "#5aa9ff",
  reserved: "#f2c14e",
  submitted: "#4cc3d9",
  in_review: "#9b5de5",
  accepted: "#4fae7c",
  rejected: "#e5625e",
  skipped: "#c98f5a",
  closed: "#5d6873",
  superseded: "#8b7d9b",
};
export const LANE_COLOURS: Record<string, string> = {
  active: "#5aa9ff",
  control: "#f2c14e",
  reference: "#4cc3d9",
  gold: "#d9a400",
  second: "#4fae7c",
  rework: "#e5625e",
  rereview: "#9b5de5",
  pick: "#ff8ac2",
};
const NONE = "#8a95a0";
/** Magma, by eight of its colours. */
export const MAGMA = [
  "#1d1147",
  "#51127c",
  "#822681",
  "#b73779",
  "#e75263",
  "#fc8961",
  "#fec488",
  "#fcfdbf",
];

/** The colour of every footprint, and what the colours mean. */
export function painted(footprints: Footprints, by: ColourBy): Painted {
  if (by === "state") {
    return byName(footprints.states, footprints.stateNames, STATE_COLOURS, "no task");
  }
  if (by === "lane") return byName(footprints.lanes, footprints.laneNames, LANE_COLOURS, "no task");
  if (by === "score") return byScore(footprints);
  return byShare(footprints, Number(by.split(":")[1]));
}

function byName(
  places: Uint8Array,
  names: string[],
  colours: Record<string, string>,
  otherwise: string,
): Painted {
  const counts = new Uint32Array(256);
  const octets = new Uint32Array(256).fill(octetsOf(NONE));
  names.forEach((name, at) => {
    octets[at] = octetsOf(colours[name] ?? NONE);
  });
  const painted = new Uint32Array(places.length);
  for (let i = 0; i < places.length; i++) {
    counts[places[i]]++;
    painted[i] = octets[places[i]];
  }
  const all = [...names, otherwise].map((name, at) => ({
    name: name.replace("_", " "),
    colour: colours[name] ?? NONE,
    count: counts[at === names.length ? NOTHING : at],
  }));
  return { colours: painted, legend: all.filter(({ count }) => count > 0), ramp: null };
}

function byScore({ scores, count }: Footprints): Painted {
  let [least, most, known] = [Infinity, -Infinity, 0];
  for (const score of scores) {
    if (Number.isNaN(score)) continue;
    known++;
    least = Math.min(least, score);
    most = Math.max(most, score);
  }
  const span = most - least || 1;
  const shares = new Float32Array(count);
  for (let i = 0; i < count; i++) shares[i] = (scores[i] - least) / span;
  const told = known ? [least.toFixed(2), most.toFixed(2)] : ["", ""];
  return along(shares, MAGMA, told, known, "no score");
}

function byShare({ shares, classes, count, fullShare }: Footprints, code: number): Painted {
  const at = classes.findIndex((each) => each.code === code);
  const values = new Float32Array(count).fill(Number.NaN);
  let known = 0;
  for (let i = 0; at >= 0 && i < count; i++) {
    const share = shares[at * count + i];
    if (share === NOTHING) continue;
    values[i] = share / fullShare;
    known++;
  }
  const stops = mixed("#2b3a4a", classes[at]?.colour ?? NONE, 8);
  return along(values, stops, ["0 %", "100 %"], known, "not known");
}

/** Colours along a ramp for 0 … 1; what isn't a number is grey. */
function along(
  values: Float32Array,
  stops: string[],
  [from, to]: string[],
  known: number,
  otherwise: string,
): Painted {
  const octets = stops.map(octetsOf);
  const none = octetsOf(NONE);
  const colours = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    colours[i] = Number.isNaN(value)
      ? none
      : octets[Math.min(stops.length - 1, Math.floor(value * stops.length))];
  }
  const missing = values.length - known;
  const legend = missing ? [{ name: otherwise, colour: NONE, count: missing }] : [];
  return { colours, legend, ramp: known ? { from, to, stops } : null };
}

/** "#rrggbb" as an image has it, opaque. */
export function octetsOf(colour: string): number {
  const value = Number.parseInt(colour.slice(1), 16);
  const [red, green, blue] = [value >> 16, (value >> 8) & 255, value & 255];
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function mixed(from: string, to: string, steps: number): string[] {
  const part = (colour: string, at: number) =>
    Number.parseInt(colour.slice(1 + 2 * at, 3 + 2 * at), 16);
  return Array.from({ length: steps }, (_, k) => {
    const share = k / (steps - 1);
    const parts = [0, 1, 2].map((at) =>
      Math.round(part(from, at) + share * (part(to, at) - part(from, at)))
        .toString(16)
        .padStart(2, "0"),
    );
    return `#${parts.join("")}`;
  });
}
