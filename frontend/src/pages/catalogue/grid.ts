/** Which rows of a long grid are drawn: only those in sight, and a few around them. */

export interface GridShape {
  columns: number;
  /** Of all cells. */
  rows: number;
  /** CSS pixels from one row to the next. */
  step: number;
}

export interface Span {
  /** Cells, `to` not included. */
  from: number;
  to: number;
}

export function gridShape(width: number, cells: number, cell: { width: number; step: number }) {
  const columns = Math.max(1, Math.floor(width / cell.width));
  return { columns, rows: Math.ceil(cells / columns), step: cell.step };
}

/** The cells to draw when `top` CSS pixels are scrolled away and `height` are seen. */
export function cellsInSight(
  { columns, step }: GridShape,
  cells: number,
  top: number,
  height: number,
  spare = 3,
): Span {
  const first = Math.max(0, Math.floor(top / step) - spare);
  const last = Math.ceil((top + height) / step) + spare;
  return { from: Math.min(cells, first * columns), to: Math.min(cells, last * columns) };
}

/** Where an arrow key leads from cell `at`; it stays where the grid ends. */
export function moved(at: number, key: string, columns: number, cells: number): number {
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
  };
  if (key === "Home") return 0;
  if (key === "End") return cells - 1;
  const to = at + (steps[key] ?? 0);
  return to >= 0 && to < cells ? to : at;
}
