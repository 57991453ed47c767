import table from "./indices.json";

/** A spectral index as the networks' feature registry has it; a test holds the two against each other. */
export interface SpectralIndex {
  name: string;
  title: string;
  /** Bands in the order of the formula. */
  needs: string[];
  form: string;
  /** Coefficients of a weighted sum. */
  by?: number[];
  /** Only for products of this level. */
  level?: string;
  /** What lies outside is moved to the nearer end. */
  low: number;
  high: number;
  /** Values shown as black and white. */
  black: number;
  white: number;
}

export const INDICES: SpectralIndex[] = table;

type Formula = (bands: number[], by: number[]) => number;

const FAINTEST = 1e-4; // one step of the stored reflectance; less is not divided by

const FORMULAS: Record<string, Formula> = {
  difference: ([one, other]) => (one - other) / Math.max(one + other, FAINTEST),
  ratio: ([one, other]) => one / Math.max(other, FAINTEST),
  haze: ([blue, red]) => blue - 0.5 * red - 0.08,
  senescence: ([red, blue, edge]) => (red - blue) / Math.max(edge, FAINTEST),
  weighted: (bands, by) => bands.reduce((sum, band, k) => sum + band * by[k], 0),
};

/** The indices that a tile of `level` with these `bands` has. */
export function indicesFor(bands: string[], level: string): SpectralIndex[] {
  const has = new Set(bands);
  return INDICES.filter(
    (index) => index.needs.every((band) => has.has(band)) && (index.level ?? level) === level,
  );
}

/** The index of `bands` (reflectance × 10 000, in the order it needs them), low … high; NaN without data. */
export function indexPlane(index: SpectralIndex, bands: Uint16Array[]): Float32Array {
  const formula = FORMULAS[index.form];
  const by = index.by ?? [];
  const values = new Array<number>(bands.length).fill(0);
  return Float32Array.from(bands[0], (_, i) => {
    let any = 0;
    for (let k = 0; k < bands.length; k++) {
      any |= bands[k][i];
      values[k] = bands[k][i] / 10_000;
    }
    if (!any) return Number.NaN;
    return Math.min(index.high, Math.max(index.low, formula(values, by)));
  });
}

/** Draw a plane in grey, `black` … `white`; NaN becomes transparent. */
export function drawPlane(
  plane: Float32Array,
  { black, white }: Pick<SpectralIndex, "black" | "white">,
  out: Uint32Array,
): void {
  const scale = 255 / (white - black);
  for (let i = 0; i < plane.length; i++) {
    const level = Math.min(255, Math.max(0, Math.round((plane[i] - black) * scale)));
    out[i] = Number.isNaN(level) ? 0 : 0xff000000 | (level * 0x010101);
  }
}
