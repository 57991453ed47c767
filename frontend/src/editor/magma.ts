/**
 * The colour map "magma", from dark (0) to bright (255), as RGBA words: colours of nine places of the
 * map by its authors (CC0), straight lines between them.
 */
const STOPS = [
  [0, 0, 4],
  [28, 16, 68],
  [79, 18, 123],
  [129, 37, 129],
  [181, 54, 122],
  [229, 80, 100],
  [251, 135, 97],
  [254, 194, 135],
  [252, 253, 191],
];

export const MAGMA: Uint32Array = Uint32Array.from({ length: 256 }, (_, level) => {
  const at = (level / 255) * (STOPS.length - 1);
  const low = Math.min(STOPS.length - 2, Math.floor(at));
  const [red, green, blue] = STOPS[low].map((from, k) =>
    Math.round(from + (at - low) * (STOPS[low + 1][k] - from)),
  );
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
});

/** The map as a CSS gradient from left to right. */
export const MAGMA_GRADIENT = `linear-gradient(to right, ${STOPS.map((rgb) => `rgb(${rgb})`).join(", ")})`;

/** A plane of levels 0…255 as a picture in the map's colours. */
export function heatWords(levels: Uint8Array): Uint32Array {
  return Uint32Array.from(levels, (level) => MAGMA[level]);
}
