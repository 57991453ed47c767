/** uint16 values shown as black and as white: one pair per scene and band, never per tile. */
export interface Stretch {
  low: number;
  high: number;
}

export interface Tone {
  /** Multiplies the stretched value; 1 leaves it. */
  brightness: number;
  /** Above 1 lifts the dark parts; 1 leaves them. */
  gamma: number;
  /** Above 1 drives what is shown apart from the middle grey; 1 leaves it. */
  contrast: number;
}

/** Screen byte (0–255) for every uint16 value. */
export function toneCurve({ low, high }: Stretch, tone: Tone): Uint8Array {
  const curve = new Uint8Array(65536);
  const scale = tone.brightness / Math.max(1, high - low);
  const white = Math.min(65535, Math.ceil(low + 1 / scale));
  const first = Math.max(0, Math.floor(low));
  for (let value = first; value < white; value++) {
    const level = Math.min(1, Math.max(0, (value - low) * scale));
    curve[value] = contrasted(level ** (1 / tone.gamma), tone.contrast);
  }
  // Less than full contrast: what is brighter than white, or darker than black, is grey too.
  curve.fill(contrasted(0, tone.contrast), 0, first);
  return curve.fill(contrasted(1, tone.contrast), Math.max(first, white));
}

function contrasted(level: number, contrast: number): number {
  return Math.round(255 * Math.min(1, Math.max(0, (level - 0.5) * contrast + 0.5)));
}

/**
 * Draw one band (grey) or three (red, green, blue) into `out`, RGBA words as a canvas on a
 * little-endian machine holds them. Cells that are no-data (0) in every band become transparent.
 */
export function drawComposite(bands: Uint16Array[], curves: Uint8Array[], out: Uint32Array): void {
  const [red, green, blue] = bands.length === 3 ? bands : [bands[0], bands[0], bands[0]];
  const [toRed, toGreen, toBlue] = curves.length === 3 ? curves : [curves[0], curves[0], curves[0]];
  for (let i = 0; i < out.length; i++) {
    const r = red[i];
    const g = green[i];
    const b = blue[i];
    out[i] = (r | g | b) === 0 ? 0 : 0xff000000 | (toBlue[b] << 16) | (toGreen[g] << 8) | toRed[r];
  }
}

/** 1 where any of `bands` has data, 0 where all are no-data. */
export function validCells(bands: Uint16Array[], cells: number): Uint8Array {
  const valid = new Uint8Array(cells);
  for (const band of bands) {
    for (let i = 0; i < cells; i++) if (band[i]) valid[i] = 1;
  }
  return valid;
}
