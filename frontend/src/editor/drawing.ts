import { Provenance, UNLABELLED } from "./codes";

/** A tile's label plane with its provenance plane, both height × width, row-major. */
export interface Drawing {
  width: number;
  height: number;
  label: Uint8Array;
  provenance: Uint8Array;
  /** 1 where the tile has data. Cells without data are never labelled and never counted. */
  valid: Uint8Array;
  validCount: number;
  /** Valid cells per label code; kept up to date by every patch. */
  counts: Uint32Array;
  /** Valid cells per provenance code; kept up to date by every patch. */
  origins: Uint32Array;
}

/** A drawing in which nothing is labelled yet: "clear" is an act, never a default. */
export function emptyDrawing(width: number, height: number, valid: Uint8Array): Drawing {
  const label = new Uint8Array(width * height).fill(UNLABELLED);
  return counted(width, height, label, new Uint8Array(width * height), valid);
}

/** A drawing that starts from a model's `prelabel`; what stays untouched is confirmed by submitting it. */
export function drawingFromPrelabel(
  width: number,
  height: number,
  prelabel: Uint8Array,
  valid: Uint8Array,
): Drawing {
  requireCells("pre-label", prelabel, width * height);
  const provenance = new Uint8Array(prelabel.length);
  for (let i = 0; i < prelabel.length; i++) {
    provenance[i] = prelabel[i] === UNLABELLED ? Provenance.none : Provenance.confirmed;
  }
  return counted(width, height, prelabel.slice(), provenance, valid);
}

/** A drawing taken up again from planes kept earlier. */
export function drawingFromPlanes(
  width: number,
  height: number,
  planes: { label: Uint8Array; provenance: Uint8Array },
  valid: Uint8Array,
): Drawing {
  requireCells("label", planes.label, width * height);
  requireCells("provenance", planes.provenance, width * height);
  return counted(width, height, planes.label.slice(), planes.provenance.slice(), valid);
}

/** Share (0–1) of the valid cells that carry `code`. */
export function shareOf(drawing: Drawing, code: number): number {
  return drawing.validCount ? drawing.counts[code] / drawing.validCount : 0;
}

/** Share (0–1) of the valid cells that are labelled; "unsure" counts as labelled. */
export function labelledShare(drawing: Drawing): number {
  return drawing.validCount ? 1 - drawing.counts[UNLABELLED] / drawing.validCount : 0;
}

/** The octets of a submission: label plane, then provenance plane. */
export function submissionBytes(drawing: Drawing): Uint8Array<ArrayBuffer> {
  const cells = drawing.width * drawing.height;
  const bytes = new Uint8Array(2 * cells);
  bytes.set(drawing.label, 0);
  bytes.set(drawing.provenance, cells);
  return bytes;
}

function counted(
  width: number,
  height: number,
  label: Uint8Array,
  provenance: Uint8Array,
  valid: Uint8Array,
): Drawing {
  requireCells("valid", valid, width * height);
  const counts = new Uint32Array(256);
  const origins = new Uint32Array(256);
  let validCount = 0;
  for (let i = 0; i < label.length; i++) {
    if (!valid[i]) {
      label[i] = UNLABELLED;
      provenance[i] = Provenance.none;
      continue;
    }
    validCount++;
    counts[label[i]]++;
    origins[provenance[i]]++;
  }
  return { width, height, label, provenance, valid, validCount, counts, origins };
}

function requireCells(name: string, plane: Uint8Array, cells: number): void {
  if (plane.length !== cells) {
    throw new RangeError(`The ${name} plane has ${plane.length} cells, the tile has ${cells}.`);
  }
}
