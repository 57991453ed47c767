/** Own line drawings on a 20 × 20 grid. */
const PATHS = {
  brush: "M4 16c2 0 3-1 3-2.5a1.8 1.8 0 0 1 3.5 0C10.500 16 8 17 4 16Zm6-5L16 4l1 1-6 7",
  eraser: "M4 13 11 6l4.500 4.500L9 17H6.500L4 14.500Zm3.500-3.500 4.500 4.500M9 17h8",
  polygon: "M4 7 11 4l5.500 5L13 16l-8-2Z",
  lasso:
    "M10 4c4 0 6.500 1.800 6.500 4S14 12 10 12 3.500 10.200 3.500 8 6 4 10 4Zm-4.500 7c-1 1.500 1.500 2.500.500 5",
  superpixel: "M4 4h5l-1 5-4 1Zm5 0h7v5l-8 0Zm-5 6 4-1 2 7H4Zm4-1 8 0v7h-6",
  shadow:
    "M5.500 9.500a2.500 2.500 0 0 1 .500-5 3.500 3.500 0 0 1 6.500.500 2.300 2.300 0 0 1 0 4.500Zm2 3-2 3.500m6-3.500-2 3.500m6-3.500-2 3.500",
  fill: "M9 4 16 11l-6 6-6-6 6.500-6.500M4 11h12M17.500 13.500c1 1.500 1 3 0 3s-1-1.500 0-3Z",
  undo: "M8 5 4 9l4 4M4 9h8a4 4 0 0 1 0 8h-2",
  redo: "m12 5 4 4-4 4M16 9H8a4 4 0 0 0 0 8h2",
  rest: "M4 4h12v12H4Zm2.500 6 2.500 2.500 4.500-5",
  plus: "M10 5v10M5 10h10",
  minus: "M5 10h10",
  fit: "M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4",
  eye: "M3 10s2.500-5 7-5 7 5 7 5-2.500 5-7 5-7-5-7-5Zm7-2a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z",
  back: "m12 5-5 5 5 5",
  help: "M7.500 7.500a2.500 2.500 0 1 1 3.500 2.300c-.7.300-1 .9-1 1.700m0 3v.1",
  lock: "M6 9V7a4 4 0 0 1 8 0v2M5 9h10v7H5Z",
  unlock: "M6 9V6.500a3.500 3.500 0 0 1 6.500-1.800M5 9h10v7H5Z",
  fold: "m8 5 5 5-5 5M15.500 5v10",
  unfold: "m12 5-5 5 5 5M4.500 5v10",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
