import { signal } from "@preact/signals";

/** What dragging does: move the map, or choose by a box or a lasso. */
export type Mode = "pan" | "box" | "lasso";

export const mode = signal<Mode>("pan");

export const MODES: { mode: Mode; label: string; key: string; title: string }[] = [
  { mode: "pan", label: "Move", key: "M", title: "Drag to move the map" },
  { mode: "box", label: "Box", key: "B", title: "Drag a box around tiles; with shift it adds" },
  { mode: "lasso", label: "Lasso", key: "L", title: "Draw around tiles; with shift it adds" },
];
