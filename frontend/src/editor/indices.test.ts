import { expect, test } from "vitest";
import { drawPlane, INDICES, indexPlane, indicesFor } from "./indices";
import samples from "./indices.samples.json";

test("every index has the value that the networks' feature registry gives it", () => {
  const { bands, values } = samples as {
    bands: Record<string, number[]>;
    values: Record<string, number[]>;
  };
  for (const index of INDICES) {
    const plane = indexPlane(
      index,
      index.needs.map((band) => Uint16Array.from(bands[band])),
    );

    plane.forEach((value, k) => {
      expect(value, `${index.name} ${k}`).toBeCloseTo(values[index.name][k], 4);
    });
  }
});

test("a tile has the indices of its bands and its level", () => {
  const all = ["B02", "B03", "B04", "B08", "B11", "B12"];

  expect(indicesFor(["B04", "B08"], "L1C").map(({ name }) => name)).toEqual(["ndvi"]);
  expect(indicesFor(all, "L2A").map(({ name }) => name)).toContain("tcb-l2a");
  expect(indicesFor(all, "L2A").map(({ name }) => name)).not.toContain("tcb");
});

test("no data is no value, and transparent", () => {
  const [ndvi] = INDICES;
  const plane = indexPlane(ndvi, [Uint16Array.of(0, 4000), Uint16Array.of(0, 1000)]);
  const out = new Uint32Array(2);

  drawPlane(plane, ndvi, out);

  expect(plane[0]).toBeNaN();
  expect(out[0]).toBe(0);
  expect(out[1] >>> 24).toBe(255);
});
