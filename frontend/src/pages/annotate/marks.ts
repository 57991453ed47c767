/** What is drawn on top of image and mask, in every pane alike: the cursors are linked. */
import { computed } from "@preact/signals";
import type { Point } from "../../editor/brush";
import { UNLABELLED } from "../../editor/codes";
import { toScreen, type Viewport } from "../../editor/viewport";
import { choices, work } from "./desk";
import { activeCode, brushSize, corners, tool } from "./hand";
import { current } from "./hints";
import { cursor, rulerShown } from "./look";
import { mayDraw } from "./phase";
import { type Offset, offsets } from "./reference";
import { type Region, regionAt, regions, regionsDone } from "./regions";
import { type Sprite, spriteOf } from "./stage";
import { casting } from "./tools/shadow";
import { grainAt, grains } from "./tools/superpixel";

export interface Marks {
  cursor: Point | null;
  /** Diameter of the brush in pixels; 0 where the tool has none. */
  brush: number;
  corners: Point[];
  colour: string;
  sprites: Sprite[];
  /** The parts of the tile that are to be labelled; empty: all of it. */
  regions: RegionMark[];
  /** Where shadows of the cloud under the cursor would fall; empty: not shown. */
  ruler: Offset[];
}

interface RegionMark extends Region {
  done: boolean;
  /** Whether the person went there last. */
  here: boolean;
}

const ERASER_COLOUR = "#ffffff";
const ASKED_COLOUR = "#ffffff";
const REGION_COLOUR = "#ffe066";
const HERE_COLOUR = "#ffffff";

const colour = computed(() => {
  const code = tool.value === "eraser" ? UNLABELLED : activeCode.value;
  return choices.value.find((choice) => choice.code === code)?.colour ?? ERASER_COLOUR;
});

const shadowColour = computed(
  () =>
    choices.value.find(({ name }) => name.toLowerCase().includes("shadow"))?.colour ?? "#9b5de5",
);

/** The moved cloud's picture is made once for a drag; a move only shifts it. */
const castSprite = computed<Sprite | null>(() => {
  const cells = castCells.value;
  return cells ? sprite(cells, shadowColour.value, false) : null;
});
const castCells = computed(() => casting.value?.cast.cells ?? null);

const regionSprite = computed(() =>
  current.value ? sprite(current.value.cells, ASKED_COLOUR, true) : null,
);

const regionMarks = computed<RegionMark[]>(() =>
  regions.value.map((each, place) => ({
    ...each,
    done: regionsDone.value[place],
    here: regionAt.value === place,
  })),
);

const grainSprite = computed(() => {
  if (tool.value !== "superpixel" || !grains.value || !grain.value) return null;
  return sprite(grain.value, colour.value, true);
});
/** The superpixel under the pointer. */
const grain = computed<Uint32Array | null>(() => {
  const at = cursor.value;
  if (tool.value !== "superpixel" || !at || !work.value || !grains.value) return null;
  const cells = grainAt(at);
  return cells.length ? cells : null;
});

export function marks(): Marks {
  const round = tool.value === "brush" || tool.value === "eraser";
  const ruled = rulerShown.value || tool.value === "shadow";
  return {
    cursor: cursor.value,
    brush: round && mayDraw.value ? brushSize.value : 0,
    corners: corners.value,
    colour: colour.value,
    sprites: [movedSprite(), regionSprite.value, grainSprite.value].filter((each) => each !== null),
    regions: regionMarks.value,
    ruler: ruled ? offsets.value : [],
  };
}

function movedSprite(): Sprite | null {
  const made = castSprite.value;
  const now = casting.value;
  if (!made || !now) return null;
  const { x, y } = now.offset;
  return { ...made, left: made.left + Math.round(x), top: made.top + Math.round(y) };
}

function sprite(cells: Uint32Array, paint: string, outlined: boolean): Sprite | null {
  const drawing = work.value?.edits.drawing;
  return drawing ? spriteOf(cells, drawing.width, drawing.height, paint, outlined) : null;
}

export function drawMarks(
  context: CanvasRenderingContext2D,
  viewport: Viewport,
  shown: Marks,
): void {
  context.imageSmoothingEnabled = false;
  for (const { canvas, left, top } of shown.sprites) {
    const at = toScreen(viewport, { x: left, y: top });
    context.drawImage(
      canvas,
      at.x,
      at.y,
      canvas.width * viewport.scale,
      canvas.height * viewport.scale,
    );
  }
  for (const region of shown.regions) drawRegion(context, viewport, region);
  drawCorners(context, viewport, shown);
  drawRuler(context, viewport, shown);
  drawPointer(context, viewport, shown);
}

function drawRegion(
  context: CanvasRenderingContext2D,
  viewport: Viewport,
  { top, left, width, height, number, done, here }: RegionMark,
): void {
  const at = toScreen(viewport, { x: left, y: top });
  context.beginPath();
  context.rect(at.x, at.y, width * viewport.scale, height * viewport.scale);
  context.setLineDash(done ? [4, 4] : []);
  strokeTwice(context, here ? HERE_COLOUR : REGION_COLOUR);
  context.setLineDash([]);
  context.font = "600 12px system-ui, sans-serif";
  write(context, done ? `${number} ✓` : String(number), { x: at.x - 2, y: at.y + 12 });
}

/** The circle at the cursor, in CSS pixels of a pane; null where there is none. */
export function pointerOf(
  viewport: Viewport,
  { cursor, brush }: Marks,
): (Point & { radius: number }) | null {
  if (!cursor) return null;
  const middle = { x: Math.floor(cursor.x) + 0.5, y: Math.floor(cursor.y) + 0.5 };
  const radius = brush ? Math.max(2, (brush / 2) * viewport.scale) : 3;
  return { ...toScreen(viewport, middle), radius };
}

function drawPointer(context: CanvasRenderingContext2D, viewport: Viewport, shown: Marks): void {
  const pointer = pointerOf(viewport, shown);
  if (!pointer) return;
  context.beginPath();
  context.arc(pointer.x, pointer.y, pointer.radius, 0, 2 * Math.PI);
  strokeTwice(context, shown.colour);
}

function drawCorners(context: CanvasRenderingContext2D, viewport: Viewport, shown: Marks): void {
  if (!shown.corners.length) return;
  const points = [...shown.corners, ...(shown.cursor ? [shown.cursor] : [])];
  context.beginPath();
  for (const point of points) {
    const at = toScreen(viewport, point);
    context.lineTo(at.x, at.y);
  }
  strokeTwice(context, shown.colour);
  if (tool.value !== "polygon") return;
  shown.corners.forEach((corner, k) => {
    const at = toScreen(viewport, corner);
    context.beginPath();
    context.arc(at.x, at.y, k === 0 ? 5 : 3, 0, 2 * Math.PI);
    context.fillStyle = shown.colour;
    context.fill();
    strokeTwice(context, shown.colour);
  });
}

/** From the cursor along the ray: a tick for each kilometre that a cloud may be high. */
function drawRuler(context: CanvasRenderingContext2D, viewport: Viewport, shown: Marks): void {
  const from = shown.cursor;
  const far = shown.ruler.at(-1);
  if (!from || !far) return;
  const to = (offset: Point) => toScreen(viewport, { x: from.x + offset.x, y: from.y + offset.y });
  const [start, end] = [to({ x: 0, y: 0 }), to(far)];
  context.beginPath();
  context.moveTo(start.x, start.y);
  context.lineTo(end.x, end.y);
  strokeTwice(context, "#ffffff");
  context.font = "11px system-ui, sans-serif";
  for (const offset of shown.ruler) {
    const at = to(offset);
    context.beginPath();
    context.arc(at.x, at.y, 2.5, 0, 2 * Math.PI);
    strokeTwice(context, "#ffffff");
    if (offset.height % 2000 === 0) write(context, `${offset.height / 1000} km`, at);
  }
}

function write(context: CanvasRenderingContext2D, words: string, { x, y }: Point): void {
  context.lineWidth = 3;
  context.strokeStyle = "rgba(0, 0, 0, 0.75)";
  context.strokeText(words, x + 7, y + 4);
  context.fillStyle = "#ffffff";
  context.fillText(words, x + 7, y + 4);
}

// Dark below, coloured above: seen on white cloud and on dark water.
function strokeTwice(context: CanvasRenderingContext2D, colour: string): void {
  context.lineWidth = 3.5;
  context.strokeStyle = "rgba(0, 0, 0, 0.65)";
  context.stroke();
  context.lineWidth = 1.5;
  context.strokeStyle = colour;
  context.stroke();
}
