import { computed } from "@preact/signals";
import { chordOf, type Pressed } from "../../chord";
import { blurEdge, fillHoles, fillRest, grow, removePrelabel, shrink, wholeTile } from "./acts";
import { type Choice, choices, clearClass, redo, undo } from "./desk";
import {
  corners,
  resize,
  resizeRim,
  takeClass,
  takeTool,
  toggleProtected,
  tool,
  wholePending,
} from "./hand";
import { acceptRegion, current, nextRegion, rejectRegion } from "./hints";
import { untilDrawn } from "./measure";
import { hush, mayDraw, notice } from "./phase";
import { TILE_KEYS } from "./tilekeys";
import { isLive, moveThreshold } from "./tools/lasso";
import { closePolygon, dropCorner, dropPolygon } from "./tools/polygon";
import { VIEW_KEYS } from "./viewkeys";

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
const inPolygon = () => tool.value === "polygon" && corners.value.length > 0;
const inRegions = () => drawing() && !inPolygon() && current.value !== null;

const TOOL_KEYS: Key[] = [
  { group: "Tools", chords: ["b"], shown: "B", does: "Brush", run: () => takeTool("brush") },
  { group: "Tools", chords: ["e"], shown: "E", does: "Eraser", run: () => takeTool("eraser") },
  { group: "Tools", chords: ["p"], shown: "P", does: "Polygon", run: () => takeTool("polygon") },
  {
    group: "Tools",
    chords: ["l"],
    shown: "L",
    does: "Lasso: a loop, and what stands out inside it",
    run: () => takeTool("lasso"),
  },
  { group: "Tools", chords: ["f"], shown: "F", does: "Flood fill", run: () => takeTool("fill") },
  {
    group: "Tools",
    chords: ["s"],
    shown: "S",
    does: "Superpixels",
    run: () => takeTool("superpixel"),
  },
  {
    group: "Tools",
    chords: ["d"],
    shown: "D",
    does: "Cast shadow: drag a cloud along the ray (Shift: all clouds)",
    run: () => takeTool("shadow"),
  },
  {
    group: "Tools",
    chords: ["[", ","],
    shown: "[",
    does: "Smaller brush, less fill tolerance, lower lasso threshold",
    run: () => resizeOrMove(-1),
  },
  {
    group: "Tools",
    chords: ["]", "."],
    shown: "]",
    does: "Larger brush, more fill tolerance, higher lasso threshold",
    run: () => resizeOrMove(1),
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
    when: () => inPolygon() || wholePending.value || notice.value !== null,
  },
];

const DRAWING_KEYS: Key[] = [
  {
    group: "Drawing",
    chords: ["z", "Mod+z"],
    shown: "Z",
    does: "Undo",
    run: () => untilDrawn("undo", performance.now(), undo),
    when: drawing,
  },
  {
    group: "Drawing",
    chords: ["Shift+z", "Mod+Shift+z", "Mod+y"],
    shown: "⇧Z",
    does: "Redo",
    run: () => untilDrawn("undo", performance.now(), redo),
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
    chords: ["w"],
    shown: "W",
    does: "Whole tile is … then a class key",
    run: () => {
      wholePending.value = true;
    },
    when: drawing,
  },
  {
    group: "Drawing",
    chords: ["g"],
    shown: "G",
    does: "Grow the class in hand",
    run: grow,
    when: drawing,
  },
  {
    group: "Drawing",
    chords: ["Shift+g"],
    shown: "⇧G",
    does: "Shrink the class in hand",
    run: shrink,
    when: drawing,
  },
  {
    group: "Drawing",
    chords: ["k"],
    shown: "K",
    does: "Edge of the class in hand becomes unsure",
    run: blurEdge,
    when: drawing,
  },
  {
    group: "Drawing",
    chords: ["Shift+{", "{", "Shift+}", "}"],
    shown: "{ }",
    does: "Narrower, wider edge",
    run: (chord) => resizeRim(chord.endsWith("}") ? 1 : -1),
  },
  {
    group: "Drawing",
    chords: ["Shift+f"],
    shown: "⇧F",
    does: "Fill the holes of the class in hand",
    run: fillHoles,
    when: drawing,
  },
  {
    group: "Drawing",
    chords: ["Enter"],
    shown: "⏎",
    does: "The outlined region of the pre-label is right",
    run: acceptRegion,
    when: inRegions,
  },
  {
    group: "Drawing",
    chords: ["Backspace"],
    shown: "⌫",
    does: "The outlined region is wrong: take it away",
    run: rejectRegion,
    when: inRegions,
  },
  {
    group: "Drawing",
    chords: ["j"],
    shown: "J",
    does: "Leave the outlined region for later",
    run: nextRegion,
    when: inRegions,
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

/** All keys of the page, the campaign's classes included; the first that fits is taken. */
export const keyTable = (): Key[] => table.value;

// Asked for with every key and by every button that prints one: made anew only with other classes.
const table = computed<Key[]>(() => {
  const fixed = [...TOOL_KEYS, ...DRAWING_KEYS, ...VIEW_KEYS, ...TILE_KEYS];
  const taken = new Set(fixed.flatMap(({ chords }) => chords));
  return [...choices.value.flatMap((choice) => classKeys(choice, taken)), ...fixed];
});

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
  const run = () => (wholePending.value ? wholeTile(choice.code) : takeClass(choice.code));
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

/** With a loop whose threshold is still open, that moves; else the tool's size. */
function resizeOrMove(by: 1 | -1): void {
  if (tool.value === "lasso" && isLive()) moveThreshold(by);
  else resize(by);
}

function giveUp(): void {
  wholePending.value = false;
  if (inPolygon()) dropPolygon();
  else hush();
}
