import { batch, effect, useComputed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Point } from "../../editor/brush";
import { paletteOf } from "../../editor/overlay";
import { inPane, toImage } from "../../editor/viewport";
import { change, choices, takeTouched, type Work, work } from "./desk";
import { tool } from "./hand";
import { heatPicture } from "./heat";
import { noteActivity } from "./lease";
import {
  cursor,
  heatOpacity,
  heatShown,
  opacity,
  overlayStyle,
  panes,
  panView,
  peeking,
  resizeView,
  viewport,
  zoomView,
} from "./look";
import { marginPicture } from "./margin";
import { marks } from "./marks";
import { allDrawn, pictureShown, readyToDraw, timed, untilDrawn } from "./measure";
import { PanePicker } from "./panepicker";
import { hush, mayDraw, notice } from "./phase";
import { Stage } from "./stage";
import { TOOLS } from "./tools";
import { closePolygon } from "./tools/polygon";
import type { Tool } from "./tools/tool";
import { paneCount, pictures } from "./views";

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
    <>
      <canvas
        ref={canvas}
        class={`board ${shape}`}
        role="img"
        aria-label="Satellite image with the label mask; drawn on with the pointer"
      />
      {paneCount.value > 1 &&
        Array.from({ length: paneCount.value }, (_, k) => <PanePicker key={k} pane={k} />)}
    </>
  );
}

/** Keep the canvas as large as its place on the page. */
function follow(element: HTMLCanvasElement): () => void {
  const observer = new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = element;
    const ratio = devicePixelRatio || 1;
    // Set, even to the same, it is wiped.
    const [wide, tall] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (element.width !== wide) element.width = wide;
    if (element.height !== tall) element.height = tall;
    resizeView({ width, height });
  });
  observer.observe(element);
  return () => observer.disconnect();
}

/** Draw again whatever has changed, once a frame. */
function show(stage: Stage): () => void {
  let frame = 0;
  let drawn: unknown = null;
  const showMask = maskShower(stage);
  const draw = () => {
    frame = 0;
    if (work.value && drawn !== work.value) pictureShown();
    drawn = work.value;
    if (drawn && mayDraw.value) readyToDraw();
    if (!work.value) stage.clear();
    else {
      const began = performance.now();
      timed("frame", () => {
        showMask(work.value!);
        stage.draw({
          panes: panes(),
          viewport: viewport.value,
          opacity: maskOpacity(),
          heat: heatShown.value && !peeking.value ? heatOpacity.value : 0,
          marks: marks(),
        });
      });
      allDrawn(began);
    }
  };
  const ask = () => {
    frame ||= requestAnimationFrame(draw);
  };
  const showPicture = (k: number) => () => {
    stage.showImage(k, pictures[k].value);
    ask();
  };
  const stops = [
    ...pictures.map((_, k) => effect(showPicture(k))),
    effect(() => {
      stage.showMargin(marginPicture.value);
      ask();
    }),
    effect(() => {
      stage.showHeat(heatPicture.value);
      ask();
    }),
    effect(() => {
      // Read, so that a change of any of them asks for a frame.
      void [work.value, change.value, choices.value, overlayStyle.value];
      void [viewport.value, opacity.value, peeking.value, marks(), panes(), mayDraw.value];
      void [heatShown.value, heatOpacity.value];
      ask();
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    cancelAnimationFrame(frame);
  };
}

/** Draws the part of the mask that changed since the last frame; all of it where its look has changed. */
function maskShower(stage: Stage): (held: Work) => void {
  let shown: unknown[] = [];
  let palette = paletteOf([]);
  return (held) => {
    const setting = [held, overlayStyle.value, choices.value];
    const same = setting.every((each, k) => each === shown[k]);
    const touched = takeTouched();
    if (same && touched === null) return;
    if (!same) {
      palette = paletteOf(choices.value.map((each) => ({ ...each, filled: isFilled(each) })));
    }
    const box = same && touched !== "all" ? touched : null;
    timed("mask", () => stage.showMask(held.edits.drawing, palette, overlayStyle.value, box));
    shown = setting;
  };
}

// Lines cover little of the image, so they may stand out more than a filled mask of the same setting.
function maskOpacity(): number {
  if (peeking.value) return 0;
  return overlayStyle.value === "outline" ? opacity.value ** 0.4 : opacity.value;
}

const isFilled = ({ code, name }: { code: number; name: string }) =>
  !(code === 0 && name.toLowerCase() === "clear");

/** Left button: the tool. Middle or right button: move the image. Wheel: zoom. */
function listen(element: HTMLCanvasElement): () => void {
  const abort = new AbortController();
  const on = <K extends keyof HTMLElementEventMap>(
    type: K,
    act: (event: HTMLElementEventMap[K]) => void,
  ) => element.addEventListener(type, act, { signal: abort.signal, passive: false });
  // A stroke stays with the tool and the tile it was begun with, whatever keys are pressed meanwhile.
  let stroke: { tool: Tool; on: Work } | null = null;
  let dragged: Point | null = null;

  on("pointerdown", (event) => {
    noteActivity();
    if (notice.value?.tone === "info") hush();
    element.setPointerCapture(event.pointerId);
    if (event.button !== 0) {
      dragged = spotOf(event);
    } else if (work.value && mayDraw.value) {
      const begun = { tool: TOOLS[tool.value], on: work.value };
      stroke = begun;
      untilDrawn("stroke", event.timeStamp, () => begun.tool.down(imagePoint(event), event));
    }
  });
  on("pointermove", (event) => {
    noteActivity();
    const at = spotOf(event);
    cursor.value = imagePoint(event);
    if (dragged) {
      panView({ x: at.x - dragged.x, y: at.y - dragged.y });
      dragged = at;
    } else if (stroke && mayGoOn(stroke)) {
      const { tool } = stroke;
      // In one: what follows a change follows the last of them.
      untilDrawn("stroke", event.timeStamp, () =>
        batch(() => {
          for (const step of steps(event)) tool.move(imagePoint(step));
        }),
      );
    }
  });
  const lift = () => {
    const done = stroke;
    stroke = null;
    dragged = null;
    if (!done) return;
    if (mayGoOn(done)) done.tool.up();
    else done.tool.drop?.();
    done.on.edits.end();
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
    const { at } = inPane(panes(), spotOf(event));
    zoomView(Math.exp(-event.deltaY * 0.0015), at);
  });
  return () => abort.abort();
}

const mayGoOn = ({ on }: { on: Work }) => mayDraw.value && work.value === on;

const spotOf = (event: MouseEvent): Point => ({ x: event.offsetX, y: event.offsetY });

/** Where an event is in the image, whichever pane it came to. */
const imagePoint = (event: MouseEvent): Point =>
  toImage(viewport.value, inPane(panes(), spotOf(event)).at);

/** All the places the pointer was at since the last event: a fast stroke stays round. */
function steps(event: PointerEvent): PointerEvent[] {
  const passed = event.getCoalescedEvents?.() ?? [];
  return passed.length ? passed : [event];
}
