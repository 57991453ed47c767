import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Point } from "../editor/brush";
import { toImage, toScreen } from "../editor/viewport";
import type { View } from "./view";

export interface Overlay {
  picture: HTMLCanvasElement;
  /** Of the pane's width, 0–1: what lies outside isn't drawn. */
  from: number;
  to: number;
}

interface PaneProps {
  /** What is seen, for those who don't see it. */
  label: string;
  view: View;
  image: HTMLImageElement | null;
  overlays: Overlay[];
  opacity?: number;
  /** Diameter in pixels of what paints here; 0: the pointer moves the image. */
  brush?: number;
  onStroke?: (from: Point, to: Point, starts: boolean) => void;
  onStrokeEnd?: () => void;
}

/** The tile with masks over it; every pane of one view shows the same part of it. */
export function Pane(props: PaneProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = useRef(props);
  shown.current = props;
  const { view, image, overlays, opacity, brush } = props;
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const stops = [follow(element, view), listen(element, () => shown.current)];
    return () => {
      for (const stop of stops) stop();
    };
  }, [view]);
  useEffect(() => {
    // Gone already, where the page has turned to another before it was painted.
    const element = canvas.current;
    if (!element) return;
    return effect(() => {
      void [view.viewport.value, view.cursor.value];
      draw(element, shown.current);
    });
  }, [view, image, overlays, opacity, brush]);
  return <canvas ref={canvas} class="pane" role="img" aria-label={props.label} />;
}

function follow(element: HTMLCanvasElement, view: View): () => void {
  const observer = new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = element;
    const ratio = devicePixelRatio || 1;
    element.width = Math.round(width * ratio);
    element.height = Math.round(height * ratio);
    view.resize({ width, height });
    // Each pane is emptied by its own new size, the view may have had it already.
    view.viewport.value = { ...view.viewport.value };
  });
  observer.observe(element);
  return () => observer.disconnect();
}

function draw(element: HTMLCanvasElement, props: PaneProps): void {
  const { view, image, overlays, opacity = 1, brush = 0 } = props;
  const { scale, left, top } = view.viewport.value;
  const context = element.getContext("2d")!;
  const ratio = devicePixelRatio || 1;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, element.width, element.height);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const size = (of: { width: number; height: number }) =>
    [left, top, of.width * scale, of.height * scale] as const;
  context.imageSmoothingEnabled = scale < 3;
  if (image) context.drawImage(image, ...size(image));
  context.imageSmoothingEnabled = false;
  for (const { picture, from, to } of overlays) {
    context.save();
    context.beginPath();
    const width = element.clientWidth;
    context.rect(from * width, 0, (to - from) * width, element.clientHeight);
    context.clip();
    context.globalAlpha = opacity;
    context.drawImage(picture, ...size(picture));
    context.restore();
  }
  if (view.cursor.value)
    mark(context, toScreen(view.viewport.value, view.cursor.value), brush * scale);
}

// Dark below, light above: seen on white cloud and on dark water.
function mark(context: CanvasRenderingContext2D, { x, y }: Point, diameter: number): void {
  context.beginPath();
  if (diameter) {
    context.arc(x, y, Math.max(2, diameter / 2), 0, 2 * Math.PI);
  } else {
    for (const [dx, dy] of ARMS) {
      context.moveTo(x + 3 * dx, y + 3 * dy);
      context.lineTo(x + 9 * dx, y + 9 * dy);
    }
  }
  for (const [width, colour] of STROKES) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.stroke();
  }
}

const ARMS = [
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
];
const STROKES = [
  [3.5, "rgba(0, 0, 0, 0.65)"],
  [1.5, "#ffffff"],
] as const;

/** Left button: the brush, where there is one, else move the image. Wheel: zoom. */
function listen(element: HTMLCanvasElement, props: () => PaneProps): () => void {
  const abort = new AbortController();
  const on = <K extends keyof HTMLElementEventMap>(
    type: K,
    act: (event: HTMLElementEventMap[K]) => void,
  ) => element.addEventListener(type, act, { signal: abort.signal, passive: false });
  let last: Point | null = null;
  let painting = false;

  on("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    const { view, brush, onStroke } = props();
    painting = Boolean(brush) && event.button === 0;
    last = painting ? toImage(view.viewport.value, spotOf(event)) : spotOf(event);
    if (painting) onStroke?.(last, last, true);
  });
  on("pointermove", (event) => {
    const { view, onStroke } = props();
    const at = spotOf(event);
    const there = toImage(view.viewport.value, at);
    view.cursor.value = there;
    if (!last) return;
    if (painting) onStroke?.(last, there, false);
    else view.pan({ x: at.x - last.x, y: at.y - last.y });
    last = painting ? there : at;
  });
  const lift = () => {
    if (painting) props().onStrokeEnd?.();
    painting = false;
    last = null;
  };
  on("pointerup", lift);
  on("pointercancel", lift);
  on("pointerleave", () => {
    props().view.cursor.value = null;
  });
  on("contextmenu", (event) => event.preventDefault());
  on("wheel", (event) => {
    event.preventDefault();
    props().view.zoom(Math.exp(-event.deltaY * 0.0015), spotOf(event));
  });
  return () => abort.abort();
}

const spotOf = (event: MouseEvent): Point => ({ x: event.offsetX, y: event.offsetY });
