import type { Footprints } from "./footprints";
import type { Shown } from "./layer";
import { cssOf, paintSmall, type Sight, trace } from "./painting";

/** So many pixels around what is seen are painted along: the map is moved a way without painting. */
const AROUND = 160;

/** The footprints of a sight, painted. */
export interface Kept {
  canvas: HTMLCanvasElement;
  sight: Sight;
}

interface How {
  /** Whether the map is being moved or zoomed just now. */
  moving: boolean;
  /** Pixels of the screen a pixel of the page. */
  pixelRatio: number;
}

/**
 * The picture of the footprints: painted anew only where the one there is doesn't do.
 *
 * While the map is zoomed the last picture is shown larger or smaller; at rest it is sharp again.
 */
export class Keeping {
  #kept: (Kept & { of: Shown; pixelRatio: number }) | null = null;
  #canvas = document.createElement("canvas");
  #small = document.createElement("canvas");
  #pixels: ImageData | null = null;

  picture(shown: Shown, sight: Sight, { moving, pixelRatio }: How): Kept {
    const kept = this.#kept;
    if (kept && kept.pixelRatio === pixelRatio && same(kept.of, shown)) {
      const zoomed = kept.sight.resolution !== sight.resolution;
      if (zoomed ? moving : within(kept.sight, sight)) return kept;
    }
    const whole = widened(sight);
    this.#paint(shown, whole, pixelRatio);
    this.#kept = { canvas: this.#canvas, sight: whole, of: { ...shown }, pixelRatio };
    return this.#kept;
  }

  #paint(shown: Shown, sight: Sight, pixelRatio: number): void {
    const { width, height } = sight;
    const [wide, high] = [Math.round(width * pixelRatio), Math.round(height * pixelRatio)];
    Object.assign(this.#canvas, { width: wide, height: high }); // empties it, too
    const context = this.#canvas.getContext("2d")!;
    context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
    const footprints = shown.footprints!;
    const image = this.#fresh(sight);
    const pixels = new Uint32Array(image.data.buffer);
    const large = paintSmall(pixels, footprints, shown.colours, shown.chosen, sight);
    this.#small.getContext("2d")!.putImageData(image, 0, 0);
    context.drawImage(this.#small, 0, 0);
    for (const i of large) drawLarge(context, footprints, i, shown, sight);
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

/** Which tile's card is open isn't in the picture. */
const same = (a: Shown, b: Shown): boolean =>
  a.footprints === b.footprints && a.colours === b.colours && a.chosen === b.chosen;

export function widened(sight: Sight): Sight {
  const { west, north, resolution, width, height } = sight;
  return {
    west: west - AROUND * resolution,
    north: north + AROUND * resolution,
    resolution,
    width: width + 2 * AROUND,
    height: height + 2 * AROUND,
  };
}

/** Whether a sight lies in a larger one of the same resolution. */
export function within(whole: Sight, sight: Sight): boolean {
  const left = (sight.west - whole.west) / sight.resolution;
  const top = (whole.north - sight.north) / sight.resolution;
  return (
    left >= 0 && top >= 0 && left + sight.width <= whole.width && top + sight.height <= whole.height
  );
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
