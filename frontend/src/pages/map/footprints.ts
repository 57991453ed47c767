/** Footprints in columns, as the server sends them (labelling/insights/footprints.py). */

export interface MapClass {
  code: number;
  name: string;
  colour: string;
}

export interface Footprints {
  count: number;
  /** Tiles that fit the filters and lie nobody knows where. */
  unplaced: number;
  /** Whether there were too many: the rest is left out. */
  more: boolean;
  /** Of corner k of footprint i, spherical Mercator in metres: x at 8i + 2k, y behind it. */
  corners: Float64Array;
  /** Around each footprint: west, south, east, north at 4i … 4i + 3. */
  boxes: Float64Array;
  /** NaN where the newest round gave none. */
  scores: Float32Array;
  /** 16 octets each. */
  ids: Uint8Array;
  /** Places in the lists of names; 255: no task. */
  states: Uint8Array;
  lanes: Uint8Array;
  splits: Uint8Array;
  /** By class, then by footprint: 0 … fullShare; 255: not known. */
  shares: Uint8Array;
  stateNames: string[];
  laneNames: string[];
  splitNames: string[];
  classes: MapClass[];
  fullShare: number;
  /** Outlines of the campaign's scope, spherical Mercator in metres: x, y, x, y …; none: no bound. */
  area: Float64Array[];
}

export const NOTHING = 255;
const MAGIC = "CMF1";
const RADIUS = 6378137;
/** That an edge of the scope is drawn in. */
const PARTS = 16;

type Ring = number[][];
/** GeoJSON, in degrees. */
type Area =
  | { type: "Polygon"; coordinates: Ring[] }
  | { type: "MultiPolygon"; coordinates: Ring[][] };

interface Header {
  count: number;
  unplaced: number;
  more: boolean;
  columns: Record<string, number>;
  states: string[];
  lanes: string[];
  splits: string[];
  classes: MapClass[];
  full_share: number;
  area: Area | null;
}

/** Throws where the octets aren't footprints. */
export function unpack(octets: ArrayBuffer): Footprints {
  if (octets.byteLength < 8 || text(octets, 0, 4) !== MAGIC) throw new Error("no footprints");
  const length = new DataView(octets).getUint32(4, true);
  const header = JSON.parse(text(octets, 8, length)) as Header;
  const columns = columnsOf(octets, 8 + length, header.columns);
  const degrees = new Float32Array(columns.corners.slice().buffer);
  if (degrees.length !== 8 * header.count) throw new Error("corners are missing");
  const corners = mercator(degrees);
  return {
    count: header.count,
    unplaced: header.unplaced,
    more: header.more,
    corners,
    boxes: boxesOf(corners),
    scores: new Float32Array(columns.scores.slice().buffer),
    ids: columns.ids,
    states: columns.states,
    lanes: columns.lanes,
    splits: columns.splits,
    shares: columns.shares,
    stateNames: header.states,
    laneNames: header.lanes,
    splitNames: header.splits,
    classes: header.classes,
    fullShare: header.full_share,
    area: ringsOf(header.area),
  };
}

/** Edges are straight in degrees, as the server tests them: on the map they are bent a little. */
export function ringsOf(area: Area | null): Float64Array[] {
  if (!area) return [];
  const polygons = area.type === "Polygon" ? [area.coordinates] : area.coordinates;
  return (polygons as Ring[][]).flat().map((ring) => mercator(ring.flatMap(parted)));
}

/** The way from a corner to the next one, in parts. */
function parted([x, y]: number[], k: number, ring: Ring): number[] {
  const [toX, toY] = ring[(k + 1) % ring.length];
  return Array.from({ length: PARTS }, (_, part) => {
    const share = part / PARTS;
    return [x + share * (toX - x), y + share * (toY - y)];
  }).flat();
}

function columnsOf(octets: ArrayBuffer, from: number, lengths: Record<string, number>) {
  const columns: Record<string, Uint8Array> = {};
  let at = from;
  for (const [name, length] of Object.entries(lengths)) {
    columns[name] = new Uint8Array(octets, at, length);
    at += Math.ceil(length / 4) * 4;
  }
  return columns;
}

const text = (octets: ArrayBuffer, from: number, length: number): string =>
  new TextDecoder().decode(new Uint8Array(octets, from, length));

/** Longitude and latitude in degrees, one after the other, to metres of spherical Mercator. */
export function mercator(degrees: ArrayLike<number>): Float64Array {
  const metres = new Float64Array(degrees.length);
  for (let k = 0; k < degrees.length; k += 2) {
    metres[k] = RADIUS * radians(degrees[k]);
    metres[k + 1] = RADIUS * Math.log(Math.tan(Math.PI / 4 + radians(degrees[k + 1]) / 2));
  }
  return metres;
}

/** Longitude and latitude in degrees of a place in metres of spherical Mercator. */
export const degreesOf = (x: number, y: number): [number, number] => [
  (x / RADIUS / Math.PI) * 180,
  ((2 * Math.atan(Math.exp(y / RADIUS)) - Math.PI / 2) / Math.PI) * 180,
];

const radians = (degrees: number) => (degrees * Math.PI) / 180;

function boxesOf(corners: Float64Array): Float64Array {
  const boxes = new Float64Array(corners.length / 2);
  for (let i = 0; 8 * i < corners.length; i++) {
    const at = 8 * i;
    boxes[4 * i] = Math.min(corners[at], corners[at + 2], corners[at + 4], corners[at + 6]);
    boxes[4 * i + 1] = Math.min(corners[at + 1], corners[at + 3], corners[at + 5], corners[at + 7]);
    boxes[4 * i + 2] = Math.max(corners[at], corners[at + 2], corners[at + 4], corners[at + 6]);
    boxes[4 * i + 3] = Math.max(corners[at + 1], corners[at + 3], corners[at + 5], corners[at + 7]);
  }
  return boxes;
}

/** The tile's UUID. */
export function idOf(footprints: Footprints, i: number): string {
  const octets = footprints.ids.subarray(16 * i, 16 * i + 16);
  const hex = [...octets].map((octet) => octet.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export type Box = [west: number, south: number, east: number, north: number];

/** Around all footprints; null where there are none. */
export function wholeBox({ boxes, count }: Footprints): Box | null {
  if (count === 0) return null;
  const whole: Box = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < boxes.length; at += 4) {
    whole[0] = Math.min(whole[0], boxes[at]);
    whole[1] = Math.min(whole[1], boxes[at + 1]);
    whole[2] = Math.max(whole[2], boxes[at + 2]);
    whole[3] = Math.max(whole[3], boxes[at + 3]);
  }
  return whole;
}

/** Footprints that hold the point, the newest first. `reach`: so many metres beside it count. */
export function at(footprints: Footprints, x: number, y: number, reach: number): number[] {
  const { boxes, count } = footprints;
  const found: number[] = [];
  for (let i = count - 1; i >= 0; i--) {
    const [west, south, east, north] = [0, 1, 2, 3].map((k) => boxes[4 * i + k]);
    const beside = Math.max(0, reach - (east - west) / 2);
    if (x >= west - beside && x <= east + beside && y >= south - beside && y <= north + beside) {
      found.push(i);
    }
  }
  return found;
}

/** Footprints whose centre lies in the box. */
export function inBox(footprints: Footprints, [west, south, east, north]: Box): number[] {
  return centresWhere(footprints, (x, y) => x >= west && x <= east && y >= south && y <= north);
}

/** Footprints whose centre lies in the ring of [x, y]; it closes by itself. */
export function inRing(footprints: Footprints, ring: number[][]): number[] {
  return centresWhere(footprints, (x, y) => inside(ring, x, y));
}

function centresWhere({ boxes, count }: Footprints, holds: (x: number, y: number) => boolean) {
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    const x = (boxes[4 * i] + boxes[4 * i + 2]) / 2;
    const y = (boxes[4 * i + 1] + boxes[4 * i + 3]) / 2;
    if (holds(x, y)) found.push(i);
  }
  return found;
}

/** By the even-odd rule. */
function inside(ring: number[][], x: number, y: number): boolean {
  let odd = false;
  for (let k = 0, before = ring.length - 1; k < ring.length; before = k++) {
    const [ax, ay] = ring[k];
    const [bx, by] = ring[before];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}
