import type { Point } from "../../../editor/brush";

/** What a tool does with the pointer; all points in image coordinates. */
export interface Tool {
  down(at: Point): void;
  /** While the button is held down. */
  move(at: Point): void;
  up(): void;
}
