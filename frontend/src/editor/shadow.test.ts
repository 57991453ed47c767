import fc from "fast-check";
import { expect, test } from "vitest";
import { polygonCells } from "./polygon";
import { alongRay, castOf, fallOf, type Ground, movedCells, shadowCells, snapped } from "./shadow";

const SIDE = 128;

/** A round cloud whose shadow lies `away` cells along the ray of a sun at `azimuth`. */
function scene(azimuth: number, away: number) {
  const fall = fallOf(azimuth);
  const round = Array.from({ length: 24 }, (_, k) => ({
    x: 64 - 30 * fall.x + 9 * Math.cos((k * Math.PI) / 12),
    y: 64 - 30 * fall.y + 9 * Math.sin((k * Math.PI) / 12),
  }));
  const cloud = polygonCells(SIDE, SIDE, round);
  const hidden = new Uint8Array(SIDE * SIDE);
  for (const i of cloud) hidden[i] = 1;
  const dark = new Uint16Array(SIDE * SIDE).map((_, i) => 3000 + ((i * 7919) % 200));
  const ground: Ground = { width: SIDE, height: SIDE, dark, hidden };
  const truth = movedCells(cloud, ground, { x: fall.x * away, y: fall.y * away });
  for (const i of truth) dark[i] = 900 + ((i * 31) % 100);
  return { fall, cloud, ground, truth };
}

function overlap(one: Uint32Array, other: Uint32Array): number {
  const both = new Set(other);
  const common = one.filter((i) => both.has(i)).length;
  return common / (one.length + other.length - common);
}

test("shadows fall away from the sun", () => {
  const south = fallOf(180);

  expect(south.x).toBeCloseTo(0);
  expect(south.y).toBeCloseTo(-1);
});

test("a drag that misses the shadow by some cells finds it", () => {
  const where = fc.record({
    azimuth: fc.integer({ min: 90, max: 270 }),
    away: fc.integer({ min: 24, max: 45 }),
    wrong: fc.integer({ min: -10, max: 10 }),
  });
  fc.assert(
    fc.property(where, ({ azimuth, away, wrong }) => {
      const { fall, cloud, ground, truth } = scene(azimuth, away);
      const cast = castOf(cloud, SIDE, SIDE);
      const wanted = { x: fall.x * (away + wrong), y: fall.y * (away + wrong) };

      const offset = snapped(cast, ground, wanted, fall);
      const found = shadowCells(cast, ground, offset, fall);

      expect(overlap(found, truth)).toBeGreaterThan(0.9);
    }),
    { numRuns: 30 },
  );
});

test("over ground as dark as a shadow the copy itself is taken", () => {
  const { fall, cloud, ground } = scene(180, 30);
  const water: Ground = { ...ground, dark: new Uint16Array(SIDE * SIDE).fill(300) };
  const offset = { x: fall.x * 30, y: fall.y * 30 };

  const found = shadowCells(castOf(cloud, SIDE, SIDE), water, offset, fall);

  expect([...found]).toEqual([...movedCells(cloud, water, offset)]);
});

test("no shadow is cast towards the sun, nor beyond the tile, nor on a cloud", () => {
  const { fall, cloud, ground } = scene(180, 30);

  expect(Math.hypot(...Object.values(alongRay({ x: -fall.x, y: -fall.y }, fall)))).toBe(0);
  expect(movedCells(cloud, ground, { x: 500, y: 0 }).length).toBe(0);
  expect(movedCells(cloud, ground, { x: 0, y: 0 }).length).toBe(0);
});
