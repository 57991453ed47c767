/** Label codes and provenance codes that mean the same in every campaign; class codes come from its schema. */
export const UNSURE = 254;
export const UNLABELLED = 255;

export const Provenance = {
  none: 0,
  painted: 1,
  confirmed: 2,
  propagated: 3,
} as const;
export type Provenance = (typeof Provenance)[keyof typeof Provenance];
