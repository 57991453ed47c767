import type { Point } from "../../editor/brush";
import { hasHeat, toggleHeat } from "./heat";
import type { Key } from "./keys";
import {
  cycleStyle,
  fitView,
  marginShown,
  opacity,
  panelOpen,
  panView,
  peeking,
  rulerShown,
  zoomView,
} from "./look";
import { untilDrawn } from "./measure";
import { regions, stepRegion } from "./regions";
import { resetTone } from "./tone";
import { blink, cycleComposite, cyclePanes } from "./views";

const hasRegions = () => regions.value.length > 0;

const STEP = 64; // screen pixels an arrow key moves the image
const ZOOM = 1.25;
const ARROWS: Record<string, Point> = {
  ArrowLeft: { x: STEP, y: 0 },
  ArrowRight: { x: -STEP, y: 0 },
  ArrowUp: { x: 0, y: STEP },
  ArrowDown: { x: 0, y: -STEP },
};

export const VIEW_KEYS: Key[] = [
  {
    group: "View",
    chords: ["v"],
    shown: "V",
    does: "Next composite",
    run: () => untilDrawn("composite", performance.now(), () => cycleComposite(1)),
  },
  {
    group: "View",
    chords: ["Shift+v"],
    shown: "⇧V",
    does: "Previous composite",
    run: () => untilDrawn("composite", performance.now(), () => cycleComposite(-1)),
  },
  {
    group: "View",
    chords: ["c"],
    shown: "C",
    does: "Compare: back to the view before, and forth",
    run: () => untilDrawn("composite", performance.now(), blink),
  },
  {
    group: "View",
    chords: ["i"],
    shown: "I",
    does: "One, two, four views side by side",
    run: cyclePanes,
  },
  {
    group: "View",
    chords: ["q"],
    shown: "Q",
    does: "The ground around the tile, or only the tile",
    run: () => toggle(marginShown),
  },
  {
    group: "View",
    chords: ["y"],
    shown: "Y",
    does: "Ruler: where shadows of a cloud here fall, by its height",
    run: () => toggle(rulerShown),
  },
  {
    group: "View",
    chords: ["h"],
    shown: "H",
    does: "Heat map: where the model is uncertain, where that is known",
    run: toggleHeat,
    when: hasHeat,
  },
  {
    group: "View",
    chords: ["a"],
    shown: "A",
    does: "Next region to label that isn't done",
    run: () => stepRegion(1),
    when: hasRegions,
  },
  {
    group: "View",
    chords: ["Shift+a"],
    shown: "⇧A",
    does: "The region before",
    run: () => stepRegion(-1),
    when: hasRegions,
  },
  {
    group: "View",
    chords: ["Space"],
    shown: "Space",
    does: "Hold: look without the mask",
    run: () => {
      peeking.value = true;
    },
    up: () => {
      peeking.value = false;
    },
  },
  { group: "View", chords: ["o"], shown: "O", does: "Filled or outlined mask", run: cycleStyle },
  { group: "View", chords: ["m"], shown: "M", does: "Stronger mask", run: () => fade(0.1) },
  { group: "View", chords: ["Shift+m"], shown: "⇧M", does: "Weaker mask", run: () => fade(-0.1) },
  {
    group: "View",
    chords: ["n"],
    shown: "N",
    does: "Brightness, contrast and γ as they were",
    run: resetTone,
  },
  { group: "View", chords: ["+", "="], shown: "+", does: "Zoom in", run: () => zoomView(ZOOM) },
  { group: "View", chords: ["-"], shown: "−", does: "Zoom out", run: () => zoomView(1 / ZOOM) },
  { group: "View", chords: ["0"], shown: "0", does: "Whole tile", run: fitView },
  {
    group: "View",
    chords: Object.keys(ARROWS),
    shown: "←→↑↓",
    does: "Move the image",
    run: (chord) => panView(ARROWS[chord]),
  },
  {
    group: "View",
    chords: ["t"],
    shown: "T",
    does: "Fold or unfold the side panel",
    run: () => toggle(panelOpen),
  },
];

function toggle(setting: { value: boolean }): void {
  setting.value = !setting.value;
}

function fade(by: number): void {
  opacity.value = Math.min(1, Math.max(0, Math.round((opacity.value + by) * 10) / 10));
}
