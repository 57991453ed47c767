import { effect } from "@preact/signals";
import { ScaleLine } from "ol/control";
import Zoom from "ol/control/Zoom";
import DragBox from "ol/interaction/DragBox";
import Draw from "ol/interaction/Draw";
import { defaults } from "ol/interaction/defaults";
import OlMap from "ol/Map";
import "ol/ol.css";
import type Polygon from "ol/geom/Polygon";
import View from "ol/View";
import { useEffect, useRef } from "preact/hooks";
import { theme } from "../../theme";
import { by, choose, chosen, clicked, colours, footprints } from "./desk";
import { at, type Box, type Footprints, inBox, inRing, wholeBox } from "./footprints";
import { FootprintLayer } from "./layer";
import { mode } from "./modes";

/** Left free around what is brought into sight: the legend lies on the right. */
const MARGINS = [60, 270, 40, 40];
/** A click counts for what is so many pixels beside it. */
const REACH = 6;
const EUROPE: Box = [-1_300_000, 4_100_000, 3_900_000, 11_000_000];

let map: OlMap | null = null;

/** The map itself: pan by mouse or arrow keys, zoom by wheel, + or −. */
export function Board() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const stop = begin(place.current!);
    return stop;
  }, []);
  return (
    <div
      ref={place}
      class="board-map"
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys, + and − move the map
      tabIndex={0}
      aria-label="Map of tile footprints. Arrow keys move it, plus and minus zoom."
    />
  );
}

function begin(target: HTMLElement): () => void {
  const layer = new FootprintLayer();
  map = new OlMap({
    target,
    layers: [layer],
    controls: [new Zoom(), new ScaleLine()],
    interactions: defaults({ altShiftDragRotate: false, pinchRotate: false }),
    view: new View({ minZoom: 1, maxZoom: 16, enableRotation: false }),
  });
  map.getView().fit(EUROPE);
  const chooser = choosing(map);
  map.on("singleclick", ({ coordinate: [x, y] }) => {
    const shown = footprints.value;
    if (!shown || mode.value !== "pan") return;
    const reach = REACH * map!.getView().getResolution()!;
    const places = at(shown, x, y, reach);
    clicked.value = places.length ? { places, at: 0 } : null;
  });
  const stops = [effect(() => show(layer)), effect(frame), effect(() => chooser(mode.value))];
  return () => {
    for (const stop of stops) stop();
    map?.setTarget(undefined);
    map = null;
  };
}

/** What the signals say, in the next frame. */
function show(layer: FootprintLayer): void {
  const shown = footprints.value;
  const active = clicked.value;
  layer.shown = {
    footprints: shown,
    colours: colours.value?.colours ?? new Uint32Array(),
    chosen: shown && chosen.value ? flags(shown, chosen.value) : null,
    active: active ? active.places[active.at] : null,
  };
  void theme.value;
  void by.value;
  layer.changed();
}

function flags({ count }: Footprints, places: ReadonlySet<number>): Uint8Array {
  const set = new Uint8Array(count);
  for (const place of places) set[place] = 1;
  return set;
}

let framed = false;

/** The first footprints that come are brought into sight. */
function frame(): void {
  const box = footprints.value && wholeBox(footprints.value);
  if (box && !framed) bring(box);
  if (box) framed = true;
}

/** Show all that is on the map. */
export function fitAll(): void {
  const box = footprints.value && wholeBox(footprints.value);
  if (box) bring(box);
}

function bring(box: Box): void {
  map?.getView().fit(box, { padding: MARGINS, maxZoom: 11 });
}

/** Places of the footprints that are in sight. */
export function inSight(): number[] {
  const extent = map?.getView().calculateExtent(map.getSize());
  return footprints.value && extent ? inBox(footprints.value, extent as Box) : [];
}

/** Turns box and lasso on and off; with shift what they catch is added. */
function choosing(map: OlMap): (wanted: string) => void {
  const box = new DragBox({ className: "catching" });
  const lasso = new Draw({ type: "Polygon", freehand: true, style: STYLE });
  let adding = false;
  box.on("boxend", ({ mapBrowserEvent }) => {
    const extent = box.getGeometry().getExtent() as Box;
    catchAll((shown) => inBox(shown, extent), Boolean(mapBrowserEvent?.originalEvent.shiftKey));
  });
  lasso.on("drawstart", () => {
    adding = keys.shift;
  });
  lasso.on("drawend", ({ feature }) => {
    const ring = (feature.getGeometry() as Polygon).getCoordinates()[0];
    catchAll((shown) => inRing(shown, ring), adding);
  });
  return (wanted) => {
    map.removeInteraction(box);
    map.removeInteraction(lasso);
    if (wanted === "box") map.addInteraction(box);
    if (wanted === "lasso") map.addInteraction(lasso);
  };
}

function catchAll(which: (shown: Footprints) => number[], more: boolean): void {
  if (footprints.value) choose(which(footprints.value), more);
  mode.value = "pan";
}

const keys = { shift: false };
for (const kind of ["keydown", "keyup"] as const) {
  window.addEventListener(kind, ({ shiftKey }) => {
    keys.shift = shiftKey;
  });
}

const STYLE = {
  "stroke-color": "#ffffff",
  "stroke-width": 2,
  "fill-color": "rgba(90, 169, 255, 0.2)",
};
