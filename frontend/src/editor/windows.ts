/** A part of a tile that a person is asked to label: cells from (left, top) on. */
export interface Window {
  top: number;
  left: number;
  height: number;
  width: number;
}

/** 1 where a cell lies in one of `windows` of a plane `width` × `height`. */
export function insideWindows(windows: Window[], width: number, height: number): Uint8Array {
  const inside = new Uint8Array(width * height);
  for (const each of windows) {
    for (let y = each.top; y < each.top + each.height; y++) {
      inside.fill(1, y * width + each.left, y * width + each.left + each.width);
    }
  }
  return inside;
}

/** How many cells of `window` hold `code` and are `valid`. */
export function countIn(
  { label, valid, width }: { label: Uint8Array; valid: Uint8Array; width: number },
  window: Window,
  code: number,
): number {
  let count = 0;
  for (let y = window.top; y < window.top + window.height; y++) {
    const end = y * width + window.left + window.width;
    for (let i = y * width + window.left; i < end; i++) {
      if (label[i] === code && valid[i]) count++;
    }
  }
  return count;
}

/** The first window from place `at` on, going round by `step`, that `wanted` accepts; -1: there is none. */
export function placeFrom(
  count: number,
  at: number,
  step: 1 | -1,
  wanted: (place: number) => boolean,
): number {
  for (let k = 0; k < count; k++) {
    const place = (((at + k * step) % count) + count) % count;
    if (wanted(place)) return place;
  }
  return -1;
}
