import { signal } from "@preact/signals";
import { nextBrushSize, type Point } from "../../editor/brush";

/** What is in the person's hand: the tool, its size, the class it paints. */
export type ToolName = "brush" | "eraser" | "polygon" | "lasso" | "fill" | "superpixel" | "shadow";

export const tool = signal<ToolName>("brush");
export const activeCode = signal(1);
/** Diameter in pixels. */
export const brushSize = signal(17);
/** Grey steps (0–255, as shown) a filled cell may differ from the one clicked; null: only the label counts. */
export const tolerance = signal<number | null>(null);
/** What the fill and the lasso look at: a band or an index by name, or "" for the picture as shown. */
export const lookedAt = signal("");
/** Width in pixels of what grows, shrinks or rings a class. */
export const rimWidth = signal(2);
export const protectedCodes = signal<ReadonlySet<number>>(new Set());
/** Corners of the polygon or lasso being drawn, in image coordinates. */
export const corners = signal<Point[]>([]);
/** Whether the next class key labels the whole tile. */
export const wholePending = signal(false);

const TOLERANCES = [null, 4, 8, 12, 16, 24, 32, 48, 64] as const;
const RIMS = [1, 2, 3, 4, 5, 6, 8, 10, 12] as const;

export function takeTool(name: ToolName): void {
  if (name !== tool.value) corners.value = [];
  tool.value = name;
}

export function takeClass(code: number): void {
  activeCode.value = code;
  if (tool.value === "eraser") tool.value = "brush";
}

export function resize(by: 1 | -1): void {
  if (tool.value === "fill") tolerance.value = next(TOLERANCES, tolerance.value, by);
  else brushSize.value = nextBrushSize(brushSize.value, by);
}

export function resizeRim(by: 1 | -1): void {
  rimWidth.value = next(RIMS, rimWidth.value, by);
}

export function toggleProtected(code: number): void {
  const codes = new Set(protectedCodes.value);
  if (!codes.delete(code)) codes.add(code);
  protectedCodes.value = codes;
}

export const mayChange = (code: number): boolean => !protectedCodes.value.has(code);

function next<T>(steps: readonly T[], now: T, by: 1 | -1): T {
  const at = steps.indexOf(now);
  return steps[Math.min(steps.length - 1, Math.max(0, at + by))];
}
