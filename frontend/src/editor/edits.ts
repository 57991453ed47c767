import { type Box, boxOf, union } from "./box";
import type { Drawing } from "./drawing";
import { applyPatch, type Patch } from "./patch";

/**
 * A drawing with its history. A step is what one undo takes back: a whole stroke, not its stamps.
 * Every change returns the box of cells it touched, or null where nothing changed.
 */
export class Edits {
  #undo: Patch[][] = [];
  #redo: Patch[][] = [];
  #stroke: Patch[] | null = null;

  constructor(readonly drawing: Drawing) {}

  get canUndo(): boolean {
    return this.#undo.length > 0;
  }

  get canRedo(): boolean {
    return this.#redo.length > 0;
  }

  /** Patches applied until `end` belong to one step. */
  begin(): void {
    this.end();
    this.#stroke = [];
  }

  end(): void {
    if (this.#stroke?.length) this.#undo.push(this.#stroke);
    this.#stroke = null;
  }

  apply(patch: Patch): Box | null {
    if (patch.cells.length === 0) return null;
    const inverse = applyPatch(this.drawing, patch);
    if (this.#stroke) this.#stroke.push(inverse);
    else this.#undo.push([inverse]);
    this.#redo = [];
    return boxOf(patch.cells, this.drawing.width);
  }

  undo(): Box | null {
    this.end();
    return this.#move(this.#undo, this.#redo);
  }

  redo(): Box | null {
    this.end();
    return this.#move(this.#redo, this.#undo);
  }

  #move(from: Patch[][], to: Patch[][]): Box | null {
    const step = from.pop();
    if (!step) return null;
    const inverses = step.reverse().map((patch) => applyPatch(this.drawing, patch));
    to.push(inverses);
    return inverses.reduce<Box | null>(
      (box, patch) => union(box, boxOf(patch.cells, this.drawing.width)),
      null,
    );
  }
}
