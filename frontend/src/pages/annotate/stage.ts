import { type Box, wholeBox, widen } from "../../editor/box";
import type { Point } from "../../editor/brush";
import type { Drawing } from "../../editor/drawing";
import { drawOverlay, type OverlayStyle, type Palette } from "../../editor/overlay";
import { toScreen, type Viewport } from "../../editor/viewport";

/** What is drawn on top of image and mask, in image coordinates. */
export interface Marks {
  cursor: Point | null;
  /** Diameter of the brush in pixels; 0 where the tool has none. */
  brush: number;
  corners: Point[];
  colour: string;
}

/** The canvas: image and mask are kept at the tile's own size and scaled when a frame is drawn. */
export class Stage {
  #image = document.createElement("canvas");
  #mask = document.createElement("canvas");
  #maskData: ImageData | null = null;

  constructor(readonly canvas: HTMLCanvasElement) {}

  showImage(image: ImageData): void {
    setSize(this.#image, image.width, image.height);
    this.#image.getContext("2d")!.putImageData(image, 0, 0);
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
    const { left, top } = part;
    this.#mask
      .getContext("2d")!
      .putImageData(this.#maskData, 0, 0, left, top, part.right - left, part.bottom - top);
  }

  /** Draw one frame. `opacity` (0–1) is the mask's. */
  draw(viewport: Viewport, opacity: number, marks: Marks): void {
    const context = this.clear();
    const ratio = devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#drawLayers(context, viewport, opacity);
    context.globalAlpha = 1;
    drawPolygon(context, viewport, marks);
    drawBrush(context, viewport, marks);
  }

  clear(): CanvasRenderingContext2D {
    const context = this.canvas.getContext("2d")!;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    return context;
  }

  #drawLayers(context: CanvasRenderingContext2D, viewport: Viewport, opacity: number): void {
    const { scale, left, top } = viewport;
    const size = [this.#image.width * scale, this.#image.height * scale] as const;
    // From three screen pixels a cell on, a person looks at cells: those get hard edges.
    context.imageSmoothingEnabled = scale < 3;
    context.globalAlpha = 1;
    context.drawImage(this.#image, left, top, ...size);
    context.imageSmoothingEnabled = false;
    context.globalAlpha = opacity;
    if (opacity > 0 && this.#maskData) context.drawImage(this.#mask, left, top, ...size);
  }
}

function setSize(canvas: HTMLCanvasElement, width: number, height: number): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

function drawBrush(context: CanvasRenderingContext2D, viewport: Viewport, marks: Marks): void {
  if (!marks.cursor || !marks.brush) return;
  const middle = { x: Math.floor(marks.cursor.x) + 0.5, y: Math.floor(marks.cursor.y) + 0.5 };
  const at = toScreen(viewport, middle);
  const radius = Math.max(2, (marks.brush / 2) * viewport.scale);
  context.beginPath();
  context.arc(at.x, at.y, radius, 0, 2 * Math.PI);
  strokeTwice(context, marks.colour);
}

function drawPolygon(context: CanvasRenderingContext2D, viewport: Viewport, marks: Marks): void {
  if (!marks.corners.length) return;
  const points = [...marks.corners, ...(marks.cursor ? [marks.cursor] : [])];
  context.beginPath();
  for (const point of points) {
    const at = toScreen(viewport, point);
    context.lineTo(at.x, at.y);
  }
  strokeTwice(context, marks.colour);
  marks.corners.forEach((corner, k) => {
    const at = toScreen(viewport, corner);
    context.beginPath();
    context.arc(at.x, at.y, k === 0 ? 5 : 3, 0, 2 * Math.PI);
    context.fillStyle = marks.colour;
    context.fill();
    strokeTwice(context, marks.colour);
  });
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
