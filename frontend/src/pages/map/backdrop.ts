import { theme } from "../../theme";
import { degreesOf, mercator } from "./footprints";
import landAddress from "./land.png";
import type { Sight } from "./painting";

/** Land and a net of degrees: nothing is asked of anybody outside. */

/** Of land.png, degrees, as labelling/imagery/land_picture.py draws it. */
const NORTH = 80;
const SOUTH = -60;
const COLOURS = {
  dark: { sea: "#0b1016", land: "#1c242c", line: "#26303a", word: "#7f8d9a" },
  light: { sea: "#e3ebf2", land: "#f7f8f5", line: "#c9d4de", word: "#566472" },
};
const STEPS = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05];
/** Lines are at least so many pixels apart. */
const APART = 90;

const world = mercator([180, NORTH, -180, SOUTH]);
let picture: HTMLImageElement | null = null;
let tinted: { of: string; canvas: HTMLCanvasElement } | null = null;

/** Sea and land; `again` is called once the land has come. */
export function drawLand(context: CanvasRenderingContext2D, sight: Sight, again: () => void): void {
  const colours = COLOURS[theme.value];
  context.fillStyle = colours.sea;
  context.fillRect(0, 0, sight.width, sight.height);
  const land = landIn(colours.land, again);
  if (!land) return;
  const left = (world[2] - sight.west) / sight.resolution;
  const top = (sight.north - world[1]) / sight.resolution;
  const wide = (world[0] - world[2]) / sight.resolution;
  context.drawImage(land, left, top, wide, (world[1] - world[3]) / sight.resolution);
}

function landIn(colour: string, again: () => void): HTMLCanvasElement | null {
  if (!picture) {
    picture = new Image();
    picture.onload = again;
    picture.src = landAddress;
  }
  if (!picture.complete || !picture.naturalWidth) return null;
  if (tinted?.of !== colour) tinted = { of: colour, canvas: tint(picture, colour) };
  return tinted.canvas;
}

/** White becomes the colour, black nothing. */
function tint(image: HTMLImageElement, colour: string): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: image.naturalWidth, height: image.naturalHeight });
  const context = canvas.getContext("2d")!;
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let k = 0; k < pixels.data.length; k += 4) pixels.data[k + 3] = pixels.data[k];
  context.putImageData(pixels, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = colour;
  context.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}

/** Meridians and parallels with their degrees at the left and the lower edge. */
export function drawLines(context: CanvasRenderingContext2D, sight: Sight): void {
  const colours = COLOURS[theme.value];
  const [west, north] = degreesOf(sight.west, sight.north);
  const [east, south] = degreesOf(
    sight.west + sight.width * sight.resolution,
    sight.north - sight.height * sight.resolution,
  );
  const step = stepFor((east - west) / sight.width);
  context.lineWidth = 1;
  context.strokeStyle = colours.line;
  context.fillStyle = colours.word;
  context.font = "11px system-ui, sans-serif";
  for (const degree of degreesBetween(west, east, step)) {
    const x = Math.round((mercator([degree, 0])[0] - sight.west) / sight.resolution) + 0.5;
    line(context, x, 0, x, sight.height);
    context.fillText(`${shown(degree)}°`, x + 3, sight.height - 6);
  }
  for (const degree of degreesBetween(Math.max(south, -85), Math.min(north, 85), step)) {
    const y = Math.round((sight.north - mercator([0, degree])[1]) / sight.resolution) + 0.5;
    line(context, 0, y, sight.width, y);
    context.fillText(`${shown(degree)}°`, 4, y - 3);
  }
}

function line(context: CanvasRenderingContext2D, ...[ax, ay, bx, by]: number[]): void {
  context.beginPath();
  context.moveTo(ax, ay);
  context.lineTo(bx, by);
  context.stroke();
}

/** The finest step whose lines are far enough apart; `degrees` a pixel. */
function stepFor(degrees: number): number {
  return STEPS.findLast((step) => step / degrees >= APART) ?? STEPS[0];
}

function degreesBetween(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step);
  const last = Math.floor(to / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => (first + k) * step);
}

const shown = (degree: number) => Number(degree.toFixed(2));
