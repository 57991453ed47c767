import { signal } from "@preact/signals";
import { nextBrushSize, type Point } from "../../editor/brush";

/** What is in the person's hand: the tool, its size, the class it paints. */
export type ToolName = "brush" | "eraser" | "polygon" | "fill";

export const tool = signal<ToolName>("brush");
export const activeCode = signal(1);
/** Diameter in pixels. */
export const brushSize = signal(17);
/** Colour steps (0–255, as shown) a filled cell may differ from the one clicked; null: only the label counts. */
export const tolerance = signal<number | null>(null);
export const protectedCodes = signal<ReadonlySet<number>>(new Set());
/** Corners of the polygon being drawn, in image coordinates. */
export const corners = signal<Point[]>([]);

const TOLERANCES = [null, 4, 8, 12, 16, 24, 32, 48, 64] as const;

export function takeTool(name: ToolName): void {
  if (name !== "polygon") corners.value = [];
  tool.value = name;
}

export function takeClass(code: number): void {
  activeCode.value = code;
  if (tool.value === "eraser") tool.value = "brush";
}

export function resize(by: 1 | -1): void {
  if (tool.value === "fill") tolerance.value = nextTolerance(by);
  else brushSize.value = nextBrushSize(brushSize.value, by);
}

export function toggleProtected(code: number): void {
  const codes = new Set(protectedCodes.value);
  if (!codes.delete(code)) codes.add(code);
  protectedCodes.value = codes;
}

export const mayChange = (code: number): boolean => !protectedCodes.value.has(code);

function nextTolerance(by: 1 | -1): number | null {
  const at = TOLERANCES.indexOf(tolerance.value as (typeof TOLERANCES)[number]);
  return TOLERANCES[Math.min(TOLERANCES.length - 1, Math.max(0, at + by))];
}
