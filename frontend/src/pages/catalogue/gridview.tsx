import { useEffect, useRef, useState } from "preact/hooks";
import type { CatalogueTile } from "../../api/catalogue";
import { Button } from "../../widgets/button";
import { Thumb } from "../../widgets/thumb";
import { day, percent } from "../../words";
import {
  busy,
  chooseRange,
  chosen,
  clearFilters,
  compared,
  fetchPage,
  seen,
  tiles,
  toggle,
  trouble,
} from "./desk";
import { cellsInSight, gridShape, moved } from "./grid";

const CELL = { width: 172, step: 246 }; // CSS pixels, as catalogue.css has them
const START = { top: 0, width: 900, height: 800 };

/** The tiles; of 10⁴ only those in sight are drawn. */
export function Grid() {
  const scroller = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState(START);
  const [active, setActive] = useState(0);
  useEffect(() => watch(scroller.current!, setSight), []);
  const all = tiles.value;
  const shape = gridShape(sight.width, all.length, CELL);
  const { from, to } = cellsInSight(shape, all.length, sight.top, sight.height);
  useEffect(() => seen(to), [to, all.length, busy.value]);
  const at = Math.min(active, all.length - 1);
  const go = (next: number) => {
    setActive(next);
    reveal(scroller.current!, Math.floor(next / shape.columns) * shape.step);
    // At once where the cell is drawn: a key pressed before the next frame would go to the old one.
    if (!focusCell(scroller.current!, next))
      requestAnimationFrame(() => focusCell(scroller.current!, next));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const from = Number((event.target as HTMLElement).dataset.at);
    const next = moved(from, event.key, shape.columns, all.length);
    if (next === from) return;
    event.preventDefault();
    if (event.shiftKey) chooseRange(from, next);
    go(next);
  };
  return (
    <div ref={scroller} class="grid" aria-busy={busy.value}>
      <Told />
      <div
        class="grid-all"
        role="listbox"
        aria-label="Tiles"
        aria-multiselectable="true"
        style={{ height: `${shape.rows * shape.step}px` }}
        onKeyDown={onKeyDown}
      >
        {all.slice(from, to).map((tile, k) => {
          const place = from + k;
          return (
            <Cell
              key={tile.id}
              tile={tile}
              at={place}
              row={Math.floor(place / shape.columns)}
              column={place % shape.columns}
              active={place === at}
              wake={() => setActive(place)}
              range={() => chooseRange(at, place)}
            />
          );
        })}
      </div>
    </div>
  );
}

interface CellProps {
  tile: CatalogueTile;
  at: number;
  row: number;
  column: number;
  active: boolean;
  wake: () => void;
  range: () => void;
}

function Cell({ tile, at, row, column, active, wake, range }: CellProps) {
  const isChosen = chosen.value.has(tile.id);
  const task = tile.tasks.at(-1);
  const act = (event: MouseEvent | KeyboardEvent) => {
    if (event.shiftKey) range();
    else toggle(tile.id);
    wake();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === " ") act(event);
    else if (event.key === "Enter") compared.value = tile;
    else return;
    event.preventDefault();
  };
  return (
    <div
      class="cell"
      role="option"
      aria-selected={isChosen}
      tabIndex={active ? 0 : -1}
      data-at={at}
      style={{ transform: `translate(${column * CELL.width}px, ${row * CELL.step}px)` }}
      onClick={act}
      onDblClick={() => {
        compared.value = tile;
      }}
      onKeyDown={onKeyDown}
      title={tile.why || tile.key}
    >
      <Thumb tile={tile.id} side={156} />
      <span class="place">{tile.place}</span>
      <span class="faint">
        {day(tile.datetime)}
        {tile.score !== null && ` · score ${tile.score.toFixed(2)}`}
      </span>
      <span class="faint cell-state">
        {tile.fence && <span class="warn">{tile.fence} · </span>}
        {task && <span class={`state ${task.state}`}>{task.state.replace("_", " ")} · </span>}
        {tile.cloud === null ? "cloud not known" : `${percent(tile.cloud)} cloud`}
      </span>
    </div>
  );
}

/** What is listed, what went wrong, and what to do where nothing is. */
function Told() {
  if (trouble.value) {
    return (
      <div class="note error" role="alert">
        <div class="grow">
          <strong>{trouble.value.message}</strong>
          <p>{trouble.value.help}</p>
        </div>
        <Button onClick={() => void fetchPage()}>Try again</Button>
      </div>
    );
  }
  if (busy.value || tiles.value.length) return null;
  return (
    <div class="empty" role="status">
      <p>No tile fits these filters.</p>
      <Button onClick={() => void clearFilters()}>Clear the filters</Button>
    </div>
  );
}

function watch(element: HTMLElement, tell: (sight: typeof START) => void): () => void {
  let frame = 0;
  const look = () => {
    frame = 0;
    const { scrollTop: top, clientWidth, clientHeight: height } = element;
    tell({ top, width: clientWidth - 24, height });
  };
  const ask = () => {
    frame ||= requestAnimationFrame(look);
  };
  const observer = new ResizeObserver(ask);
  observer.observe(element);
  element.addEventListener("scroll", ask, { passive: true });
  return () => {
    observer.disconnect();
    element.removeEventListener("scroll", ask);
    cancelAnimationFrame(frame);
  };
}

function focusCell(element: HTMLElement, at: number): boolean {
  const cell = element.querySelector<HTMLElement>(`[data-at="${at}"]`);
  cell?.focus({ preventScroll: true });
  return cell !== null;
}

function reveal(element: HTMLElement, top: number): void {
  if (top < element.scrollTop) element.scrollTop = top;
  const below = top + CELL.step - element.clientHeight;
  if (below > element.scrollTop) element.scrollTop = below + 24;
}
