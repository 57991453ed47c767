import fc from "fast-check";
import { expect, test } from "vitest";
import { cellsInSight, gridShape, moved } from "./grid";

const CELL = { width: 150, step: 200 };

test("every cell in sight is drawn, and few others, however many there are", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 3000 }),
      fc.integer({ min: 1, max: 20_000 }),
      fc.integer({ min: 0, max: 500_000 }),
      (width, cells, scrolled) => {
        const shape = gridShape(width, cells, CELL);
        const top = Math.min(scrolled, Math.max(0, shape.rows * shape.step - 800));
        const { from, to } = cellsInSight(shape, cells, top, 800);

        const firstSeen = Math.min(cells, Math.floor(top / 200) * shape.columns);
        const lastSeen = Math.min(cells, Math.ceil((top + 800) / 200) * shape.columns);
        expect(from).toBeLessThanOrEqual(firstSeen);
        expect(to).toBeGreaterThanOrEqual(lastSeen);
        expect(to - from).toBeLessThanOrEqual(shape.columns * (5 + 1 + 6));
      },
    ),
  );
});

test("arrow keys never leave the grid", () => {
  const key = fc.constantFrom("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End");
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.nat(49), key, (cells, start, pressed) => {
      const to = moved(Math.min(start, cells - 1), pressed, 4, cells);
      expect(to).toBeGreaterThanOrEqual(0);
      expect(to).toBeLessThan(cells);
    }),
  );
});

test("arrow keys go to the neighbour", () => {
  expect(moved(5, "ArrowDown", 4, 20)).toBe(9);
  expect(moved(5, "ArrowLeft", 4, 20)).toBe(4);
  expect(moved(18, "ArrowDown", 4, 20)).toBe(18);
});
