import { type Box, boxOf, union, wholeBox, widen } from "../../editor/box";
import type { Drawing } from "../../editor/drawing";
import { drawOverlay, type OverlayStyle, type Palette } from "../../editor/overlay";
import type { Pane, Viewport } from "../../editor/viewport";
import { drawMarks, type Marks } from "./marks";
import { partToDraw } from "./redraw";

/** What one frame shows. */
export interface Frame {
  panes: Pane[];
  viewport: Viewport;
  /** 0–1, of the mask. */
  opacity: number;
  /** 0–1, of the heat map. */
  heat: number;
  marks: Marks;
}

/** Part of the image that is drawn over it, as a moved cloud or an outlined region. */
export interface Sprite {
  canvas: HTMLCanvasElement;
  /** Of its corner, in image coordinates. */
  left: number;
  top: number;
}

const DIMMED = 0.45;
const MARGIN_STEP = 2; // image pixels a pixel of the surroundings

/** The canvas: images and mask are kept at the tile's own size and scaled when a frame is drawn. */
export class Stage {
  #images = Array.from({ length: 4 }, () => document.createElement("canvas"));
  #shown = [false, false, false, false];
  #margin = document.createElement("canvas");
  #heat = document.createElement("canvas");
  #mask = document.createElement("canvas");
  #maskData: ImageData | null = null;
  /** The frame on the screen; null: all of it is to be drawn again. */
  #before: Frame | null = null;
  /** Of the mask, changed since then. */
  #cells: Box | null = null;

  constructor(readonly canvas: HTMLCanvasElement) {}

  /** Show `image` in pane `k`; null: it isn't there yet. */
  showImage(k: number, image: ImageData | null): void {
    this.#before = null;
    this.#shown[k] = image !== null;
    if (image) put(this.#images[k], image);
  }

  /** Show what lies around the tile; null: nothing. */
  showMargin(image: ImageData | null): void {
    this.#before = null;
    if (image) put(this.#margin, image);
    else this.#margin.width = 0;
  }

  /** Lay a heat map over the image, one pixel a block; null: there is none. */
  showHeat(image: ImageData | null): void {
    this.#before = null;
    if (image) put(this.#heat, image);
    else this.#heat.width = 0;
  }

  /** Draw the mask anew where `box` says, everywhere for null. */
  showMask(drawing: Drawing, palette: Palette, style: OverlayStyle, box: Box | null): void {
    const { width, height } = drawing;
    if (this.#maskData?.width !== width || this.#maskData.height !== height) {
      this.#maskData = new ImageData(width, height);
      setSize(this.#mask, width, height);
    }
    // A cell's neighbours may gain or lose an edge.
    const part = box ? widen(box, 1, width, height) : wholeBox(width, height);
    drawOverlay(drawing, palette, style, part, new Uint32Array(this.#maskData.data.buffer));
    if (box) this.#cells = union(this.#cells, part);
    else this.#before = null;
    const { left, top } = part;
    this.#mask
      .getContext("2d")!
      .putImageData(this.#maskData, 0, 0, left, top, part.right - left, part.bottom - top);
  }

  /** Show `frame`: of it only what differs from the one on the screen. */
  draw(frame: Frame): void {
    const part = this.#before ? partToDraw(this.#before, frame, this.#cells) : "all";
    if (part === "all") this.clear();
    this.#before = frame;
    this.#cells = null;
    if (part === null) return;
    for (const k of frame.panes.keys()) this.#drawPane(k, frame, part);
  }

  #drawPane(k: number, { panes, viewport, opacity, heat, marks }: Frame, part: Box | "all"): void {
    const context = this.canvas.getContext("2d")!;
    const ratio = devicePixelRatio || 1;
    const pane = panes[k];
    const { left, top, right, bottom } = onScreen(pane, part, ratio);
    if (right <= left || bottom <= top) return;
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    context.clearRect(left, top, right - left, bottom - top);
    context.setTransform(ratio, 0, 0, ratio, pane.left * ratio, pane.top * ratio);
    this.#drawLayers(context, k, viewport, { opacity, heat });
    drawMarks(context, viewport, marks);
    context.restore();
  }

  clear(): CanvasRenderingContext2D {
    const context = this.canvas.getContext("2d")!;
    this.#before = null;
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    return context;
  }

  #drawLayers(
    context: CanvasRenderingContext2D,
    k: number,
    viewport: Viewport,
    { opacity, heat }: Pick<Frame, "opacity" | "heat">,
  ): void {
    const { scale, left, top } = viewport;
    const image = this.#images[k];
    const size = [this.#mask.width * scale, this.#mask.height * scale] as const;
    // From three screen pixels a cell on, a person looks at cells: those get hard edges.
    context.imageSmoothingEnabled = scale < 3;
    if (k === 0 && this.#margin.width) this.#drawMargin(context, viewport);
    if (this.#shown[k]) context.drawImage(image, left, top, ...size);
    if (heat > 0 && this.#heat.width) {
      context.imageSmoothingEnabled = true;
      context.globalAlpha = heat;
      context.drawImage(this.#heat, left, top, ...size);
    }
    context.imageSmoothingEnabled = false;
    context.globalAlpha = opacity;
    if (opacity > 0 && this.#maskData) context.drawImage(this.#mask, left, top, ...size);
    context.globalAlpha = 1;
  }

  #drawMargin(context: CanvasRenderingContext2D, { scale, left, top }: Viewport): void {
    const wide = this.#margin.width * MARGIN_STEP;
    const tall = this.#margin.height * MARGIN_STEP;
    const aside = ((wide - this.#mask.width) / 2) * scale;
    const above = ((tall - this.#mask.height) / 2) * scale;
    context.globalAlpha = DIMMED;
    context.drawImage(this.#margin, left - aside, top - above, wide * scale, tall * scale);
    context.globalAlpha = 1;
    context.strokeStyle = "rgba(255, 255, 255, 0.35)";
    context.strokeRect(
      left - 0.5,
      top - 0.5,
      this.#mask.width * scale + 1,
      this.#mask.height * scale + 1,
    );
  }
}

/** `part` of a pane in whole pixels of the device: an edge between two would show. */
function onScreen(pane: Pane, part: Box | "all", ratio: number): Box {
  const { left, top, width, height } = pane;
  const whole = { left: 0, top: 0, right: width, bottom: height };
  const asked = part === "all" ? whole : part;
  return {
    left: Math.round((left + Math.max(0, asked.left)) * ratio),
    top: Math.round((top + Math.max(0, asked.top)) * ratio),
    right: Math.round((left + Math.min(width, asked.right)) * ratio),
    bottom: Math.round((top + Math.min(height, asked.bottom)) * ratio),
  };
}

/** `cells` of a plane `width` wide as a picture of one colour; their outline only where `outlined`. */
export function spriteOf(
  cells: Uint32Array,
  width: number,
  height: number,
  colour: string,
  outlined: boolean,
): Sprite {
  const box = widen(boxOf(cells, width)!, 1, width, height);
  const wide = box.right - box.left;
  const image = new ImageData(wide, box.bottom - box.top);
  const words = new Uint32Array(image.data.buffer);
  const set = new Uint8Array(words.length);
  for (const i of cells) set[(Math.floor(i / width) - box.top) * wide + (i % width) - box.left] = 1;
  const rgb = Number.parseInt(colour.slice(1), 16);
  const word = ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >> 16);
  for (let i = 0; i < set.length; i++) {
    if (!set[i]) continue;
    const x = i % wide;
    const edge =
      x === 0 || x === wide - 1 || !set[i - 1] || !set[i + 1] || !set[i - wide] || !set[i + wide];
    words[i] = ((edge ? 255 : outlined ? 0 : 110) << 24) | word;
  }
  const canvas = document.createElement("canvas");
  put(canvas, image);
  return { canvas, left: box.left, top: box.top };
}

function put(canvas: HTMLCanvasElement, image: ImageData): void {
  setSize(canvas, image.width, image.height);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}

function setSize(canvas: HTMLCanvasElement, width: number, height: number): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}
