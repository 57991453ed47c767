import Layer from "ol/layer/Layer";
import type { FrameState } from "ol/Map";
import { timed } from "../annotate/measure";
import { drawLand, drawLines } from "./backdrop";
import type { Footprints } from "./footprints";
import { cssOf, paintSmall, type Sight, trace } from "./painting";

/** What the layer shows; another value is shown with the next frame. */
export interface Shown {
  footprints: Footprints | null;
  colours: Uint32Array;
  chosen: Uint8Array | null;
  /** Of the tile whose card is open. */
  active: number | null;
}

/**
 * Sea, land, a net of degrees and the footprints, on one canvas.
 *
 * A feature each would take OpenLayers a second a frame at 10⁵; small footprints are pixels here.
 */
export class FootprintLayer extends Layer {
  #canvas = document.createElement("canvas");
  #small = document.createElement("canvas");
  #pixels: ImageData | null = null;
  shown: Shown = { footprints: null, colours: new Uint32Array(), chosen: null, active: null };

  constructor() {
    super({});
    this.#canvas.style.position = "absolute";
  }

  override render(frame: FrameState | null): HTMLElement {
    if (!frame) return this.#canvas;
    return timed("map-frame", () => this.#paint(frame));
  }

  #paint(frame: FrameState): HTMLElement {
    const sight = sightOf(frame);
    const context = sized(this.#canvas, sight, frame);
    drawLand(context, sight, () => this.changed());
    drawLines(context, sight);
    if (this.shown.footprints) this.#draw(context, this.shown.footprints, sight);
    return this.#canvas;
  }

  #draw(context: CanvasRenderingContext2D, footprints: Footprints, sight: Sight): void {
    const { colours, chosen, active } = this.shown;
    const image = this.#fresh(sight);
    const pixels = new Uint32Array(image.data.buffer);
    const large = paintSmall(pixels, footprints, colours, chosen, sight);
    const small = this.#small.getContext("2d")!;
    small.putImageData(image, 0, 0);
    context.drawImage(this.#small, 0, 0);
    for (const i of large) drawLarge(context, footprints, i, this.shown, sight);
    if (active !== null) {
      context.beginPath();
      trace(context, footprints, active, sight);
      context.lineWidth = 3;
      context.strokeStyle = "#ffffff";
      context.stroke();
      context.lineWidth = 1;
      context.strokeStyle = "#000000";
      context.stroke();
    }
  }

  #fresh({ width, height }: Sight): ImageData {
    if (this.#pixels?.width === width && this.#pixels.height === height) {
      new Uint32Array(this.#pixels.data.buffer).fill(0);
      return this.#pixels;
    }
    Object.assign(this.#small, { width, height });
    this.#pixels = new ImageData(width, height);
    return this.#pixels;
  }
}

function drawLarge(
  context: CanvasRenderingContext2D,
  footprints: Footprints,
  i: number,
  { colours, chosen }: Shown,
  sight: Sight,
): void {
  context.beginPath();
  trace(context, footprints, i, sight);
  context.globalAlpha = chosen && !chosen[i] ? 0.2 : 0.7;
  context.fillStyle = cssOf(colours[i]);
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = cssOf(colours[i]);
  context.stroke();
}

function sightOf({ size, viewState }: FrameState): Sight {
  const [width, height] = [Math.max(1, Math.round(size[0])), Math.max(1, Math.round(size[1]))];
  const { center, resolution } = viewState;
  return {
    west: center[0] - (width / 2) * resolution,
    north: center[1] + (height / 2) * resolution,
    resolution,
    width,
    height,
  };
}

function sized(
  canvas: HTMLCanvasElement,
  { width, height }: Sight,
  { pixelRatio }: FrameState,
): CanvasRenderingContext2D {
  const [wide, high] = [Math.round(width * pixelRatio), Math.round(height * pixelRatio)];
  if (canvas.width !== wide || canvas.height !== high) {
    Object.assign(canvas, { width: wide, height: high });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  }
  const context = canvas.getContext("2d")!;
  context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  context.imageSmoothingEnabled = true;
  return context;
}
