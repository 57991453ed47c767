import fc from "fast-check";
import { expect, test } from "vitest";
import { brushCells } from "./brush";
import { Provenance, UNLABELLED, UNSURE } from "./codes";
import { type Drawing, drawingFromPrelabel, emptyDrawing, labelledShare } from "./drawing";
import { Edits } from "./edits";
import { floodCells } from "./flood";
import { cellsWith, dropPrelabel, paint } from "./patch";
import { polygonCells } from "./polygon";

const SIDE = 24;
const everywhere = () => new Uint8Array(SIDE * SIDE).fill(1);

const place = fc.record({
  x: fc.double({ min: -4, max: SIDE + 4, noNaN: true }),
  y: fc.double({ min: -4, max: SIDE + 4, noNaN: true }),
});
const code = fc.constantFrom(0, 1, 2, 3, UNSURE, UNLABELLED);
const brush = fc.record({ from: place, to: place, size: fc.constantFrom(1, 3, 7), code });
type Act = (edits: Edits) => void;

const stroke: fc.Arbitrary<Act> = fc.array(brush, { maxLength: 4 }).map((stamps) => (edits) => {
  edits.begin();
  for (const { from, to, size, code } of stamps) {
    const cells = brushCells(SIDE, SIDE, from, to, size);
    edits.apply(paint(edits.drawing, cells, code, Provenance.painted));
  }
  edits.end();
});
const polygon: fc.Arbitrary<Act> = fc
  .tuple(fc.array(place, { minLength: 3, maxLength: 6 }), code)
  .map(([corners, code]) => (edits) => {
    const cells = polygonCells(SIDE, SIDE, corners);
    edits.apply(paint(edits.drawing, cells, code, Provenance.painted));
  });
const flood: fc.Arbitrary<Act> = fc
  .tuple(fc.nat(SIDE * SIDE - 1), code)
  .map(([start, code]) => (edits) => {
    const { label } = edits.drawing;
    const old = label[start];
    const cells = floodCells(SIDE, SIDE, start, (cell) => label[cell] === old);
    edits.apply(paint(edits.drawing, cells, code, Provenance.propagated));
  });
const wholesale: fc.Arbitrary<Act> = fc.constantFrom<Act>(
  (edits) =>
    void edits.apply(
      paint(edits.drawing, cellsWith(edits.drawing, UNLABELLED), 0, Provenance.propagated),
    ),
  (edits) => void edits.apply(dropPrelabel(edits.drawing)),
  (edits) => void edits.undo(),
  (edits) => void edits.redo(),
);
const acts = fc.array(fc.oneof(stroke, polygon, flood, wholesale), { maxLength: 25 });

const start = fc
  .record({
    prelabel: fc.uint8Array({ minLength: SIDE * SIDE, maxLength: SIDE * SIDE, max: 3 }),
    holes: fc.array(fc.nat(SIDE * SIDE - 1), { maxLength: 20 }),
  })
  .map(({ prelabel, holes }) => {
    const valid = everywhere();
    for (const hole of holes) valid[hole] = 0;
    return drawingFromPrelabel(SIDE, SIDE, prelabel, valid);
  });

const planes = ({ label, provenance }: Drawing) => [...label, ...provenance];

test("undoing everything gives back the drawing one started from", () => {
  fc.assert(
    fc.property(start, acts, (drawing, acts) => {
      const before = planes(drawing);
      const edits = new Edits(drawing);

      for (const act of acts) act(edits);
      while (edits.canUndo) edits.undo();

      expect(planes(drawing)).toEqual(before);
    }),
  );
});

test("redoing everything gives back what was undone", () => {
  fc.assert(
    fc.property(start, acts, (drawing, acts) => {
      const edits = new Edits(drawing);
      for (const act of acts) act(edits);
      while (edits.canRedo) edits.redo();
      const after = planes(drawing);

      while (edits.canUndo) edits.undo();
      while (edits.canRedo) edits.redo();

      expect(planes(drawing)).toEqual(after);
    }),
  );
});

test("the counts are those of the planes after any edits", () => {
  fc.assert(
    fc.property(start, acts, (drawing, acts) => {
      const edits = new Edits(drawing);

      for (const act of acts) act(edits);

      const counts = new Uint32Array(256);
      const origins = new Uint32Array(256);
      drawing.label.forEach((code, cell) => {
        if (drawing.valid[cell]) counts[code]++;
        if (drawing.valid[cell]) origins[drawing.provenance[cell]]++;
      });
      expect([...drawing.counts]).toEqual([...counts]);
      expect([...drawing.origins]).toEqual([...origins]);
    }),
  );
});

test("a cell has a provenance exactly where it has a label", () => {
  fc.assert(
    fc.property(start, acts, (drawing, acts) => {
      const edits = new Edits(drawing);

      for (const act of acts) act(edits);

      drawing.label.forEach((code, cell) => {
        expect(drawing.provenance[cell] === Provenance.none).toBe(code === UNLABELLED);
      });
    }),
  );
});

test("cells without data are never labelled", () => {
  const valid = everywhere();
  valid[0] = 0;
  const drawing = emptyDrawing(SIDE, SIDE, valid);
  const edits = new Edits(drawing);

  edits.apply(paint(drawing, Uint32Array.of(0, 1), 1, Provenance.painted));

  expect(drawing.label[0]).toBe(UNLABELLED);
  expect(drawing.label[1]).toBe(1);
});

test("one undo takes back a whole stroke", () => {
  const drawing = emptyDrawing(SIDE, SIDE, everywhere());
  const edits = new Edits(drawing);
  edits.begin();
  edits.apply(paint(drawing, Uint32Array.of(1), 1, Provenance.painted));
  edits.apply(paint(drawing, Uint32Array.of(2), 1, Provenance.painted));
  edits.end();

  edits.undo();

  expect(labelledShare(drawing)).toBe(0);
});

test("a new edit drops what could be redone", () => {
  const drawing = emptyDrawing(SIDE, SIDE, everywhere());
  const edits = new Edits(drawing);
  edits.apply(paint(drawing, Uint32Array.of(1), 1, Provenance.painted));
  edits.undo();

  edits.apply(paint(drawing, Uint32Array.of(2), 2, Provenance.painted));

  expect(edits.canRedo).toBe(false);
});

test("an edit that changes nothing is no step", () => {
  const drawing = emptyDrawing(SIDE, SIDE, everywhere());
  const edits = new Edits(drawing);

  edits.apply(paint(drawing, Uint32Array.of(5), UNLABELLED, Provenance.none));

  expect(edits.canUndo).toBe(false);
});

test("an edit says which box it touched", () => {
  const drawing = emptyDrawing(SIDE, SIDE, everywhere());

  const box = new Edits(drawing).apply(
    paint(drawing, Uint32Array.of(SIDE + 2, 3 * SIDE + 5), 1, Provenance.painted),
  );

  expect(box).toEqual({ left: 2, top: 1, right: 6, bottom: 4 });
});
