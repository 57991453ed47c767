import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { octetsOf, painted } from "./colours";
import {
  at,
  degreesOf,
  type Footprints,
  idOf,
  inBox,
  inRing,
  mercator,
  ringsOf,
  unpack,
  wholeBox,
} from "./footprints";
import { widened, within } from "./keeping";
import { paintSmall } from "./painting";

const HEADER = {
  count: 2,
  unplaced: 1,
  more: false,
  states: ["open", "accepted"],
  lanes: ["active", "pick"],
  splits: ["pool", "validation", "test"],
  classes: [
    { code: 0, name: "clear", colour: "#3b7d4f" },
    { code: 1, name: "cloud", colour: "#f2c14e" },
  ],
  full_share: 200,
  area: null,
};

/** As labelling/insights/footprints.py packs them. */
function packed(columns: Record<string, Uint8Array>, header: object = HEADER): ArrayBuffer {
  const lengths = Object.fromEntries(Object.entries(columns).map(([k, v]) => [k, v.length]));
  let text = JSON.stringify({ ...header, columns: lengths });
  text += " ".repeat((4 - (text.length % 4)) % 4);
  const parts = [
    new TextEncoder().encode("CMF1"),
    new Uint8Array(new Uint32Array([text.length]).buffer),
    new TextEncoder().encode(text),
    ...Object.values(columns).flatMap((c) => [c, new Uint8Array((4 - (c.length % 4)) % 4)]),
  ];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let to = 0;
  for (const part of parts) {
    whole.set(part, to);
    to += part.length;
  }
  return whole.buffer;
}

const octets = (values: ArrayLike<number>) =>
  new Uint8Array(new Float32Array(Array.from(values)).buffer);
const square = (west: number, south: number, side: number) => [
  west,
  south + side,
  west + side,
  south + side,
  west + side,
  south,
  west,
  south,
];

function two(): Footprints {
  return unpack(
    packed({
      corners: octets([...square(25, 60, 0.1), ...square(26, 60, 0.1)]),
      scores: octets([0.5, Number.NaN]),
      ids: Uint8Array.from({ length: 32 }, (_, k) => k),
      states: new Uint8Array([1, 255]),
      lanes: new Uint8Array([1, 255]),
      splits: new Uint8Array([0, 2]),
      shares: new Uint8Array([50, 255, 150, 255]),
    }),
  );
}

describe("footprints", () => {
  it("are taken out of their columns", () => {
    const found = two();

    expect(found.count).toBe(2);
    expect(found.unplaced).toBe(1);
    expect(idOf(found, 0)).toBe("00010203-0405-0607-0809-0a0b0c0d0e0f");
    expect([...found.states]).toEqual([1, 255]);
    expect([...found.shares]).toEqual([50, 255, 150, 255]);
    const [west, south] = degreesOf(found.boxes[4], found.boxes[5]);
    expect(west).toBeCloseTo(26, 4);
    expect(south).toBeCloseTo(60, 4);
  });

  it("that are none are refused", () => {
    expect(() => unpack(new ArrayBuffer(3))).toThrow();
    expect(() => unpack(new TextEncoder().encode("<html>oh no").buffer)).toThrow("no footprints");
    const short = { ...HEADER, count: 3 };
    expect(() => unpack(packed({ corners: octets(square(0, 0, 1)) }, short))).toThrow("corners");
  });

  it("lie where their degrees say", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -180, max: 180, noNaN: true }),
        fc.double({ min: -84, max: 84, noNaN: true }),
        (longitude, latitude) => {
          const [x, y] = mercator([longitude, latitude]);
          const [east, north] = degreesOf(x, y);
          expect(east).toBeCloseTo(longitude, 9);
          expect(north).toBeCloseTo(latitude, 9);
        },
      ),
    );
  });

  it("are caught by a click, a box and a lasso", () => {
    const found = two();
    const [x, y] = mercator([25.05, 60.05]);
    const [west, south, east, north] = wholeBox(found)!;

    expect(at(found, x, y, 10)).toEqual([0]);
    expect(at(found, mercator([25.5, 60.05])[0], y, 10)).toEqual([]);
    expect(inBox(found, [west, south, east, north])).toEqual([0, 1]);
    const middle = (west + east) / 2;
    expect(inBox(found, [middle, south, east, north])).toEqual([1]);
    expect(
      inRing(found, [
        [west, south],
        [middle, south],
        [middle, north],
        [west, north],
      ]),
    ).toEqual([0]);
    // A notch in the ring leaves the first one out.
    const notched = [
      [west, south],
      [east, south],
      [east, north],
      [middle, north],
      [west + 1, south + 1],
    ];
    expect(inRing(found, notched)).toEqual([1]);
    expect(wholeBox({ ...found, count: 0 })).toBeNull();
  });

  it("are coloured by state, score and class, and counted", () => {
    const found = two();

    const state = painted(found, "state");
    expect(state.legend.map(({ name, count }) => [name, count])).toEqual([
      ["accepted", 1],
      ["no task", 1],
    ]);
    const score = painted(found, "score");
    expect(score.ramp).toMatchObject({ from: "0.50", to: "0.50" });
    expect(score.legend).toMatchObject([{ name: "no score", count: 1 }]);
    const cloud = painted(found, "class:1");
    expect(cloud.colours[0]).not.toBe(cloud.colours[1]);
    expect(cloud.legend).toMatchObject([{ name: "not known", count: 1 }]);
    expect(octetsOf("#102030")).toBe(0xff302010);
  });

  it("are painted where they lie, at least three pixels wide, and the large ones told", () => {
    const found = two();
    const { colours } = painted(found, "state");
    const [west, , east, north] = wholeBox(found)!;
    const far = { west, north, resolution: (east - west) / 40, width: 40, height: 10 };
    const pixels = new Uint32Array(400);

    expect(paintSmall(pixels, found, colours, null, far)).toEqual([]);

    const seen = [...pixels].filter((colour) => colour === colours[0]).length;
    expect(seen).toBeGreaterThanOrEqual(9);
    expect(pixels[40 + 20]).toBe(0);
    expect(pixels[40 + 39]).toBe(colours[1]);
    const dim = new Uint32Array(400);
    paintSmall(dim, found, colours, new Uint8Array([1, 0]), far);
    expect(dim[40 + 39] >>> 24).toBeLessThan(255);
    const near = { ...far, resolution: far.resolution / 40 };
    expect(paintSmall(new Uint32Array(400), found, colours, null, near)).toEqual([0]);
  });
});

describe("the scope", () => {
  it("is drawn with edges that are straight in degrees", () => {
    const square = [
      [0, 40],
      [20, 60],
      [0, 60],
      [0, 40],
    ];

    const [ring] = ringsOf({ type: "Polygon", coordinates: [square] });
    const corners = Array.from({ length: ring.length / 2 }, (_, k) =>
      degreesOf(ring[2 * k], ring[2 * k + 1]),
    );

    // The first edge climbs a degree of latitude with each one of longitude.
    for (const [x, y] of corners.slice(0, 17)) expect(y - 40).toBeCloseTo(x, 6);
    expect(Math.max(...corners.map(([x]) => x))).toBeCloseTo(20, 6);
  });

  it("may have several parts, or be everywhere", () => {
    const part = [
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 0],
      ],
    ];

    expect(ringsOf({ type: "MultiPolygon", coordinates: [part, part] })).toHaveLength(2);
    expect(ringsOf(null)).toEqual([]);
  });
});

it("a picture does for what is seen within it, and no further", () => {
  const sight = { west: 0, north: 0, resolution: 100, width: 300, height: 200 };
  const kept = widened(sight);

  expect(within(kept, sight)).toBe(true);
  expect(within(kept, { ...sight, west: 16_000, north: 16_000 })).toBe(true);
  expect(within(kept, { ...sight, west: 16_100 })).toBe(false);
  expect(within(kept, { ...sight, west: -16_100 })).toBe(false);
  expect(within(kept, { ...sight, north: -16_100 })).toBe(false);
});
