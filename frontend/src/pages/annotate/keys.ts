import { chordOf, type Pressed } from "../../chord";
import type { Point } from "../../editor/brush";
import { putBack } from "./claiming";
import { type Choice, choices, clearClass, fillRest, redo, removePrelabel, undo } from "./desk";
import { corners, resize, takeClass, takeTool, toggleProtected } from "./hand";
import {
  cycleComposite,
  cycleStyle,
  fitView,
  helpOpen,
  opacity,
  panelOpen,
  panView,
  peeking,
  resetTone,
  zoomView,
} from "./look";
import { hush, mayDraw, notice } from "./phase";
import { submitAndNext } from "./submitting";
import { closePolygon, dropCorner, dropPolygon } from "./tools/polygon";

/** One line of the help sheet, and the handler behind it: they can't differ. */
export interface Key {
  group: "Classes" | "Tools" | "Drawing" | "View" | "Tile";
  /** What the handler listens for, as `chordOf` writes it. */
  chords: string[];
  /** What the help sheet and the buttons print. */
  shown: string;
  does: string;
  run: (chord: string) => void;
  /** When the key is let go. */
  up?: () => void;
  /** The key is free for a later line where this says no. */
  when?: () => boolean;
}

const drawing = () => mayDraw.value;
const inPolygon = () => corners.value.length > 0;
const STEP = 64; // screen pixels an arrow key moves the image
const ZOOM = 1.25;
const ARROWS: Record<string, Point> = {
  ArrowLeft: { x: STEP, y: 0 },
  ArrowRight: { x: -STEP, y: 0 },
  ArrowUp: { x: 0, y: STEP },
  ArrowDown: { x: 0, y: -STEP },
};

const TOOL_KEYS: Key[] = [
  { group: "Tools", chords: ["b"], shown: "B", does: "Brush", run: () => takeTool("brush") },
  { group: "Tools", chords: ["e"], shown: "E", does: "Eraser", run: () => takeTool("eraser") },
  { group: "Tools", chords: ["p"], shown: "P", does: "Polygon", run: () => takeTool("polygon") },
  { group: "Tools", chords: ["f"], shown: "F", does: "Flood fill", run: () => takeTool("fill") },
  {
    group: "Tools",
    chords: ["[", ","],
    shown: "[",
    does: "Smaller brush, less fill tolerance",
    run: () => resize(-1),
  },
  {
    group: "Tools",
    chords: ["]", "."],
    shown: "]",
    does: "Larger brush, more fill tolerance",
    run: () => resize(1),
  },
  {
    group: "Tools",
    chords: ["Enter"],
    shown: "⏎",
    does: "Close the polygon",
    run: closePolygon,
    when: inPolygon,
  },
  {
    group: "Tools",
    chords: ["Backspace"],
    shown: "⌫",
    does: "Take back the polygon's last corner",
    run: dropCorner,
    when: inPolygon,
  },
  {
    group: "Tools",
    chords: ["Escape"],
    shown: "Esc",
    does: "Give up the polygon, close a message",
    run: giveUp,
    when: () => inPolygon() || notice.value !== null,
  },
];

const DRAWING_KEYS: Key[] = [
  { group: "Drawing", chords: ["z", "Mod+z"], shown: "Z", does: "Undo", run: undo, when: drawing },
  {
    group: "Drawing",
    chords: ["Shift+z", "Mod+Shift+z", "Mod+y"],
    shown: "⇧Z",
    does: "Redo",
    run: redo,
    when: drawing,
  },
  {
    group: "Drawing",
    chords: ["r"],
    shown: "R",
    does: "Rest is clear: label what is not labelled",
    run: fillRest,
    when: () => drawing() && clearClass.value !== undefined,
  },
  {
    group: "Drawing",
    chords: ["Shift+Backspace"],
    shown: "⇧⌫",
    does: "Take away what is left of the pre-label",
    run: removePrelabel,
    when: drawing,
  },
];

const VIEW_KEYS: Key[] = [
  {
    group: "View",
    chords: ["v"],
    shown: "V",
    does: "Next composite",
    run: () => cycleComposite(1),
  },
  {
    group: "View",
    chords: ["Shift+v"],
    shown: "⇧V",
    does: "Previous composite",
    run: () => cycleComposite(-1),
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
    does: "Brightness and γ as they were",
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
    run: () => {
      panelOpen.value = !panelOpen.value;
    },
  },
];

const TILE_KEYS: Key[] = [
  {
    group: "Tile",
    chords: ["Shift+Enter"],
    shown: "⇧⏎",
    does: "Submit and next tile",
    run: () => void submitAndNext(),
    when: drawing,
  },
  {
    group: "Tile",
    chords: ["Shift+x"],
    shown: "⇧X",
    does: "Put the tile back, unlabelled, for somebody else",
    run: () => void putBack(),
    when: drawing,
  },
  {
    group: "Tile",
    chords: ["?"],
    shown: "?",
    does: "This sheet",
    run: () => {
      helpOpen.value = !helpOpen.value;
    },
  },
];

/** All keys of the page, the campaign's classes included; the first that fits is taken. */
export function keyTable(): Key[] {
  const fixed = [...TOOL_KEYS, ...DRAWING_KEYS, ...VIEW_KEYS, ...TILE_KEYS];
  const taken = new Set(fixed.flatMap(({ chords }) => chords));
  return [...choices.value.flatMap((choice) => classKeys(choice, taken)), ...fixed];
}

export function keyFor(pressed: Pressed): Key | undefined {
  const chord = chordOf(pressed);
  return keyTable().find(({ chords, when }) => chords.includes(chord) && (when?.() ?? true));
}

/** The key that is printed beside a class; "" where its own is one of the page's. */
export function classKey(choice: Choice): string {
  return keyTable().find(({ does }) => does === paints(choice))?.shown ?? "";
}

const paints = ({ name }: Choice) => `Paint ${name}`;

function classKeys(choice: Choice, taken: Set<string>): Key[] {
  const chord = choice.hotkey.toLowerCase();
  if (!chord || taken.has(chord)) return [];
  const shown = choice.hotkey.toUpperCase();
  const run = () => takeClass(choice.code);
  const paint: Key = { group: "Classes", chords: [chord], shown, does: paints(choice), run };
  if (!/^\d$/.test(chord)) return [paint];
  return [
    paint,
    {
      group: "Classes",
      chords: [`Shift+${chord}`],
      shown: `⇧${shown}`,
      does: `Protect ${choice.name}, or no longer`,
      run: () => toggleProtected(choice.code),
    },
  ];
}

function giveUp(): void {
  if (inPolygon()) dropPolygon();
  else hush();
}

function fade(by: number): void {
  opacity.value = Math.min(1, Math.max(0, Math.round((opacity.value + by) * 10) / 10));
}
