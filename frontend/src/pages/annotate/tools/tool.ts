import type { Point } from "../../../editor/brush";

/** What a tool does with the pointer; all points in image coordinates. */
export interface Tool {
  down(at: Point, event?: { shiftKey: boolean }): void;
  /** While the button is held down. */
  move(at: Point): void;
  up(): void;
  /** The tile was taken from the hand in mid-stroke: what is not painted yet is given up. */
  drop?(): void;
}
