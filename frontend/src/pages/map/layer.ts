import Layer from "ol/layer/Layer";
import type { FrameState } from "ol/Map";
import ViewHint from "ol/ViewHint";
import { timed } from "../annotate/measure";
import { drawLand, drawLines } from "./backdrop";
import type { Footprints } from "./footprints";
import { Keeping, type Kept } from "./keeping";
import { type Sight, trace, traceRing } from "./painting";

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
  #keeping = new Keeping();
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
    if (this.shown.footprints) this.#draw(context, this.shown.footprints, sight, frame);
    return this.#canvas;
  }

  #draw(
    context: CanvasRenderingContext2D,
    footprints: Footprints,
    sight: Sight,
    { pixelRatio, viewHints }: FrameState,
  ): void {
    const moving = viewHints[ViewHint.ANIMATING] > 0 || viewHints[ViewHint.INTERACTING] > 0;
    place(context, this.#keeping.picture(this.shown, sight, { moving, pixelRatio }), sight);
    if (footprints.area.length) drawArea(context, footprints.area, sight);
    const { active } = this.shown;
    if (active === null) return;
    context.beginPath();
    trace(context, footprints, active, sight);
    outlined(context, "#ffffff", 3);
    outlined(context, "#000000", 1);
  }
}

/** A picture of another sight, where it belongs in this one. */
function place(context: CanvasRenderingContext2D, { canvas, sight: of }: Kept, sight: Sight): void {
  const scale = of.resolution / sight.resolution;
  const left = (of.west - sight.west) / sight.resolution;
  const top = (sight.north - of.north) / sight.resolution;
  // At the same scale a picture between pixels would only be blurred.
  const [x, y] = scale === 1 ? [Math.round(left), Math.round(top)] : [left, top];
  context.imageSmoothingEnabled = scale !== 1;
  context.drawImage(canvas, x, y, of.width * scale, of.height * scale);
  context.imageSmoothingEnabled = true;
}

function drawArea(context: CanvasRenderingContext2D, rings: Float64Array[], sight: Sight): void {
  context.beginPath();
  for (const ring of rings) traceRing(context, ring, sight);
  context.setLineDash([6, 4]);
  outlined(context, "#5aa9ff", 1.5);
  context.setLineDash([]);
}

function outlined(context: CanvasRenderingContext2D, colour: string, width: number): void {
  context.lineWidth = width;
  context.strokeStyle = colour;
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
