/** How little of the board has to be drawn again: a stroke touches a hundredth of it each frame. */
import { type Box, union } from "../../editor/box";
import { toScreen } from "../../editor/viewport";
import { type Marks, pointerOf } from "./marks";
import type { Frame } from "./stage";

const RIM = 3; // CSS pixels around an edge that its line's width and smoothing touch

/**
 * The part of each pane (CSS pixels from its corner) in which `now` differs from the frame `before`, where
 * of the mask only `cells` changed between them. "all": more changed than that; null: nothing did.
 */
export function partToDraw(before: Frame, now: Frame, cells: Box | null): Box | "all" | null {
  if (!differsInPlaces(before, now)) return "all";
  const changed = cells && cellsBox(now, cells);
  if (samePointer(before.marks, now.marks)) return changed;
  return [pointerBox(before), pointerBox(now)].reduce(union, changed);
}

/** Whether the frames are alike but for the pointer and cells of the mask. */
function differsInPlaces(before: Frame, now: Frame): boolean {
  return (
    before.viewport === now.viewport &&
    before.opacity === now.opacity &&
    before.heat === now.heat &&
    before.panes.length === now.panes.length &&
    before.panes[0].width === now.panes[0].width &&
    before.panes[0].height === now.panes[0].height &&
    before.marks.regions === now.marks.regions &&
    sameSprites(before.marks, now.marks) &&
    !reachesFar(before.marks) &&
    !reachesFar(now.marks)
  );
}

const sameSprites = ({ sprites: before }: Marks, { sprites: now }: Marks): boolean =>
  before.length === now.length &&
  before.every(
    ({ canvas, left, top }, k) =>
      canvas === now[k].canvas && left === now[k].left && top === now[k].top,
  );

/** Whether more than a circle goes with the pointer: lines from it reach over the tile. */
const reachesFar = ({ corners, ruler }: Marks): boolean => corners.length > 0 || ruler.length > 0;

const samePointer = (before: Marks, now: Marks): boolean =>
  before.cursor === now.cursor && before.brush === now.brush && before.colour === now.colour;

function pointerBox({ viewport, marks }: Frame): Box | null {
  const pointer = pointerOf(viewport, marks);
  if (!pointer) return null;
  const { x, y, radius } = pointer;
  return {
    left: x - radius - RIM,
    top: y - radius - RIM,
    right: x + radius + RIM,
    bottom: y + radius + RIM,
  };
}

function cellsBox({ viewport }: Frame, { left, top, right, bottom }: Box): Box {
  const from = toScreen(viewport, { x: left, y: top });
  const to = toScreen(viewport, { x: right, y: bottom });
  return { left: from.x - RIM, top: from.y - RIM, right: to.x + RIM, bottom: to.y + RIM };
}
