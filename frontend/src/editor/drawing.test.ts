import { expect, test } from "vitest";
import { Provenance, UNLABELLED } from "./codes";
import {
  drawingFromPlanes,
  drawingFromPrelabel,
  emptyDrawing,
  labelledShare,
  shareOf,
  submissionBytes,
} from "./drawing";
import { applyPatch, cellsWith, dropPrelabel, paint } from "./patch";

const valid = () => Uint8Array.of(1, 1, 1, 1);

test("without a pre-label nothing is labelled", () => {
  const drawing = emptyDrawing(2, 2, valid());

  expect([...drawing.label]).toEqual([255, 255, 255, 255]);
  expect(labelledShare(drawing)).toBe(0);
});

test("a pre-label left untouched is confirmed, what is painted is painted, what is filled is filled", () => {
  const drawing = drawingFromPrelabel(2, 2, Uint8Array.of(1, 1, 0, UNLABELLED), valid());

  applyPatch(drawing, paint(drawing, Uint32Array.of(1), 3, Provenance.painted));
  const rest = cellsWith(drawing, UNLABELLED);
  applyPatch(drawing, paint(drawing, rest, 0, Provenance.propagated));

  expect([...submissionBytes(drawing)]).toEqual([1, 3, 0, 0, 2, 1, 2, 3]);
});

test("painting over the pre-label's own class makes the cell the person's", () => {
  const drawing = drawingFromPrelabel(2, 2, Uint8Array.of(1, 1, 1, 1), valid());

  applyPatch(drawing, paint(drawing, Uint32Array.of(0), 1, Provenance.painted));

  expect(drawing.provenance[0]).toBe(Provenance.painted);
});

test("a tool takes no cell of the same class away from the person", () => {
  const drawing = emptyDrawing(2, 2, valid());
  applyPatch(drawing, paint(drawing, Uint32Array.of(0), 1, Provenance.painted));

  const patch = paint(drawing, Uint32Array.of(0, 1), 1, Provenance.propagated);

  expect([...patch.cells]).toEqual([1]);
});

test("a protected class stays", () => {
  const drawing = drawingFromPrelabel(2, 2, Uint8Array.of(1, 0, 0, 0), valid());

  const patch = paint(drawing, Uint32Array.of(0, 1), 3, Provenance.painted, (code) => code !== 1);

  expect([...patch.cells]).toEqual([1]);
});

test("dropping the pre-label leaves what the person has painted", () => {
  const drawing = drawingFromPrelabel(2, 2, Uint8Array.of(1, 1, 1, 1), valid());
  applyPatch(drawing, paint(drawing, Uint32Array.of(2), 3, Provenance.painted));

  applyPatch(drawing, dropPrelabel(drawing));

  expect([...drawing.label]).toEqual([255, 255, 3, 255]);
  expect([...drawing.provenance]).toEqual([0, 0, 1, 0]);
});

test("shares are of the cells with data", () => {
  const drawing = drawingFromPrelabel(2, 2, Uint8Array.of(1, 0, 255, 1), Uint8Array.of(1, 1, 1, 0));

  expect(shareOf(drawing, 1)).toBeCloseTo(1 / 3);
  expect(labelledShare(drawing)).toBeCloseTo(2 / 3);
});

test("a plane of another size is refused", () => {
  const planes = { label: new Uint8Array(3), provenance: new Uint8Array(4) };

  expect(() => drawingFromPlanes(2, 2, planes, valid())).toThrow(/label plane has 3 cells/);
});
