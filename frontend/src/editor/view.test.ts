import fc from "fast-check";
import { expect, test } from "vitest";
import { wholeBox, widen } from "./box";
import { Provenance, UNLABELLED } from "./codes";
import { drawComposite, toneCurve, validCells } from "./composite";
import { drawingFromPrelabel, emptyDrawing } from "./drawing";
import { drawOverlay, paletteOf } from "./overlay";
import { applyPatch, paint } from "./patch";
import { fitted, inPane, panesOf, panned, toImage, toScreen, zoomedAt } from "./viewport";

const PLAIN = { brightness: 1, gamma: 1, contrast: 1 };

test("the stretch's ends are black and white, its middle is grey", () => {
  const curve = toneCurve({ low: 100, high: 2100 }, PLAIN);

  expect([curve[1], curve[100], curve[1100], curve[2100], curve[65535]]).toEqual([
    0, 0, 128, 255, 255,
  ]);
});

test("no tone ever makes a brighter pixel darker than a dimmer one", () => {
  const end = fc.integer({ min: 0, max: 20000 });
  const tone = fc.record({
    brightness: fc.double({ min: 0.25, max: 4, noNaN: true }),
    gamma: fc.double({ min: 0.4, max: 2.5, noNaN: true }),
    contrast: fc.double({ min: 0.5, max: 3, noNaN: true }),
  });
  fc.assert(
    fc.property(end, end, tone, (low, width, tone) => {
      const curve = toneCurve({ low, high: low + width }, tone);

      for (let v = 1; v < 65536; v++) if (curve[v] < curve[v - 1]) throw new Error(`at ${v}`);
    }),
    { numRuns: 20 },
  );
});

test("a composite puts its bands into red, green and blue, and leaves no-data open", () => {
  const bands = [Uint16Array.of(255, 0), Uint16Array.of(128, 0), Uint16Array.of(0, 0)];
  const curve = toneCurve({ low: 0, high: 255 }, PLAIN);
  const out = new Uint32Array(2);

  drawComposite(bands, [curve, curve, curve], out);

  expect([...new Uint8Array(out.buffer)]).toEqual([255, 128, 0, 255, 0, 0, 0, 0]);
});

test("one band alone is grey", () => {
  const out = new Uint32Array(1);

  drawComposite([Uint16Array.of(51)], [toneCurve({ low: 0, high: 255 }, PLAIN)], out);

  expect([...new Uint8Array(out.buffer)]).toEqual([51, 51, 51, 255]);
});

test("a cell is valid where any band has data", () => {
  expect([...validCells([Uint16Array.of(0, 5, 0), Uint16Array.of(0, 0, 1)], 3)]).toEqual([0, 1, 1]);
});

const INKS = [
  { code: 0, colour: "#3b7d4f", filled: false },
  { code: 1, colour: "#f2c14e", filled: true },
];

test("a clear sky is left open, a cloud is filled in its colour", () => {
  const drawing = drawingFromPrelabel(3, 1, Uint8Array.of(0, 0, 1), Uint8Array.of(1, 1, 1));
  applyPatch(drawing, paint(drawing, Uint32Array.of(2), 1, Provenance.painted));
  const out = new Uint32Array(3);

  drawOverlay(drawing, paletteOf(INKS), "fill", wholeBox(3, 1), out);

  const bytes = new Uint8Array(out.buffer);
  expect(bytes[3]).toBe(0);
  expect([...bytes.slice(8)]).toEqual([0xf2, 0xc1, 0x4e, 255]);
});

test("what is still the model's is lighter than what the person painted", () => {
  const drawing = drawingFromPrelabel(2, 1, Uint8Array.of(1, 1), Uint8Array.of(1, 1));
  applyPatch(drawing, paint(drawing, Uint32Array.of(1), 1, Provenance.painted));
  const out = new Uint32Array(2);

  drawOverlay(drawing, paletteOf(INKS), "fill", wholeBox(2, 1), out);

  expect(out[0] >>> 24).toBeLessThan(out[1] >>> 24);
});

test("drawing the touched box again is the same as drawing everything", () => {
  const drawing = emptyDrawing(16, 16, new Uint8Array(256).fill(1));
  const palette = paletteOf(INKS);
  for (const style of ["fill", "outline"] as const) {
    const out = new Uint32Array(256);
    drawOverlay(drawing, palette, style, wholeBox(16, 16), out);
    const cells = Uint32Array.of(5 * 16 + 5, 5 * 16 + 6, 6 * 16 + 5);
    applyPatch(drawing, paint(drawing, cells, 1, Provenance.painted));

    const box = widen({ left: 5, top: 5, right: 7, bottom: 7 }, 1, 16, 16);
    drawOverlay(drawing, palette, style, box, out);

    const whole = new Uint32Array(256);
    drawOverlay(drawing, palette, style, wholeBox(16, 16), whole);
    expect([...out]).toEqual([...whole]);
    applyPatch(drawing, paint(drawing, cells, UNLABELLED, Provenance.none));
  }
});

const SCREEN = { width: 1100, height: 820 };
const IMAGE = { width: 512, height: 512 };
const spot = fc.record({ x: fc.integer({ max: 1100 }), y: fc.integer({ max: 820 }) });

test("zooming keeps what is under the pointer under the pointer", () => {
  fc.assert(
    fc.property(spot, fc.double({ min: 0.1, max: 10, noNaN: true }), (at, factor) => {
      const before = fitted(SCREEN, IMAGE, 12);
      const held = toImage(before, at);

      const back = toScreen(zoomedAt(before, at, factor), held);

      expect(back.x).toBeCloseTo(at.x, 4);
      expect(back.y).toBeCloseTo(at.y, 4);
    }),
  );
});

test("panning never loses the image", () => {
  const far = panned(fitted(SCREEN, IMAGE, 12), { x: 1e6, y: -1e6 }, SCREEN, IMAGE);

  expect(far.left).toBe(SCREEN.width - 64);
  expect(far.top + IMAGE.height * far.scale).toBe(64);
});

test("panes share the screen, and a point of each is told from its own corner", () => {
  const panes = panesOf({ width: 802, height: 602 }, 4);

  expect(panes.map(({ left, top }) => [left, top])).toEqual([
    [0, 0],
    [402, 0],
    [0, 302],
    [402, 302],
  ]);
  expect(inPane(panes, { x: 410, y: 303 })).toEqual({ pane: 3, at: { x: 8, y: 1 } });
  expect(inPane(panes, { x: 5, y: 6 })).toEqual({ pane: 0, at: { x: 5, y: 6 } });
});

test("contrast drives values apart and keeps the middle", () => {
  const plain = toneCurve({ low: 0, high: 200 }, { brightness: 1, gamma: 1, contrast: 1 });
  const steep = toneCurve({ low: 0, high: 200 }, { brightness: 1, gamma: 1, contrast: 2 });

  expect(steep[100]).toBe(plain[100]);
  expect([steep[40], steep[160]]).toEqual([0, 255]);
});
