import { effect, useComputed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Point } from "../../editor/brush";
import { UNLABELLED } from "../../editor/codes";
import { paletteOf } from "../../editor/overlay";
import { toImage } from "../../editor/viewport";
import { change, choices, work } from "./desk";
import { activeCode, brushSize, corners, tool } from "./hand";
import { noteActivity } from "./lease";
import {
  cursor,
  opacity,
  overlayStyle,
  panView,
  peeking,
  picture,
  resizeView,
  viewport,
  zoomView,
} from "./look";
import { hush, mayDraw, notice } from "./phase";
import { type Marks, Stage } from "./stage";
import { TOOLS } from "./tools";
import { closePolygon } from "./tools/polygon";

const ERASER_COLOUR = "#ffffff";

/** The image with its mask, and what the pointer does to it. */
export function Board() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shape = useComputed(() => (mayDraw.value ? tool.value : "waiting"));
  useEffect(() => {
    const element = canvas.current!;
    const stops = [follow(element), show(new Stage(element)), listen(element)];
    return () => {
      for (const stop of stops) stop();
    };
  }, []);
  return (
    <canvas
      ref={canvas}
      class={`board ${shape}`}
      role="img"
      aria-label="Satellite image with the label mask; drawn on with the pointer"
    />
  );
}

/** Keep the canvas as large as its place on the page. */
function follow(element: HTMLCanvasElement): () => void {
  const observer = new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = element;
    const ratio = devicePixelRatio || 1;
    element.width = Math.round(width * ratio);
    element.height = Math.round(height * ratio);
    resizeView({ width, height });
  });
  observer.observe(element);
  return () => observer.disconnect();
}

/** Draw again whatever has changed, once a frame. */
function show(stage: Stage): () => void {
  let frame = 0;
  const draw = () => {
    frame = 0;
    if (work.value) stage.draw(viewport.value, maskOpacity(), marks());
    else stage.clear();
  };
  const ask = () => {
    frame ||= requestAnimationFrame(draw);
  };
  let shown: unknown[] = [];
  const stops = [
    effect(() => {
      if (picture.value) stage.showImage(picture.value);
      ask();
    }),
    effect(() => {
      const held = work.value;
      const { box } = change.value;
      ask();
      if (!held) return;
      const palette = paletteOf(choices.value.map((each) => ({ ...each, filled: isFilled(each) })));
      const setting = [held, overlayStyle.value, choices.value];
      const same = setting.every((each, k) => each === shown[k]);
      stage.showMask(held.edits.drawing, palette, overlayStyle.value, same ? box : null);
      shown = setting;
    }),
    effect(() => {
      // Read, so that a change of any of them asks for a frame.
      void [viewport.value, opacity.value, peeking.value, marks()];
      ask();
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    cancelAnimationFrame(frame);
  };
}

// Lines cover little of the image, so they may stand out more than a filled mask of the same setting.
function maskOpacity(): number {
  if (peeking.value) return 0;
  return overlayStyle.value === "outline" ? opacity.value ** 0.4 : opacity.value;
}

const isFilled = ({ code, name }: { code: number; name: string }) =>
  !(code === 0 && name.toLowerCase() === "clear");

function marks(): Marks {
  const code = tool.value === "eraser" ? UNLABELLED : activeCode.value;
  const colour = choices.value.find((choice) => choice.code === code)?.colour ?? ERASER_COLOUR;
  const round = tool.value === "brush" || tool.value === "eraser";
  const brush = round && mayDraw.value ? brushSize.value : 0;
  return { cursor: cursor.value, brush, corners: corners.value, colour };
}

/** Left button: the tool. Middle or right button: move the image. Wheel: zoom. */
function listen(element: HTMLCanvasElement): () => void {
  const abort = new AbortController();
  const on = <K extends keyof HTMLElementEventMap>(
    type: K,
    act: (event: HTMLElementEventMap[K]) => void,
  ) => element.addEventListener(type, act, { signal: abort.signal, passive: false });
  let drawing = false;
  let dragged: Point | null = null;

  on("pointerdown", (event) => {
    noteActivity();
    if (notice.value?.tone !== "error") hush();
    element.setPointerCapture(event.pointerId);
    if (event.button !== 0) {
      dragged = spotOf(event);
    } else if (work.value && mayDraw.value) {
      drawing = true;
      TOOLS[tool.value].down(toImage(viewport.value, spotOf(event)));
    }
  });
  on("pointermove", (event) => {
    noteActivity();
    const at = spotOf(event);
    cursor.value = toImage(viewport.value, at);
    if (dragged) {
      panView({ x: at.x - dragged.x, y: at.y - dragged.y });
      dragged = at;
    } else if (drawing && mayDraw.value) {
      for (const step of steps(event)) TOOLS[tool.value].move(toImage(viewport.value, step));
    }
  });
  const lift = () => {
    if (drawing) TOOLS[tool.value].up();
    drawing = false;
    dragged = null;
  };
  on("pointerup", lift);
  on("pointercancel", lift);
  on("pointerleave", () => {
    cursor.value = null;
  });
  on("dblclick", () => tool.value === "polygon" && closePolygon());
  on("contextmenu", (event) => event.preventDefault());
  on("wheel", (event) => {
    event.preventDefault();
    zoomView(Math.exp(-event.deltaY * 0.0015), spotOf(event));
  });
  return () => abort.abort();
}

const spotOf = (event: MouseEvent): Point => ({ x: event.offsetX, y: event.offsetY });

/** All the places the pointer was at since the last event: a fast stroke stays round. */
function steps(event: PointerEvent): Point[] {
  const passed = event.getCoalescedEvents?.() ?? [];
  return passed.length ? passed.map(spotOf) : [spotOf(event)];
}
