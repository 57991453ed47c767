import { putBack, takeBack } from "./claiming";
import { grade, lastSubmitted } from "./finish";
import type { Key } from "./keys";
import { extend, leaseShown } from "./lease";
import { helpOpen } from "./look";
import { mayDraw } from "./phase";
import { askWhy } from "./skipping";
import { submitAndNext } from "./submitting";

const drawing = () => mayDraw.value;

export const TILE_KEYS: Key[] = [
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
    chords: ["Shift+b"],
    shown: "⇧B",
    does: "Take back the label submitted last",
    run: () => void takeBack(),
    when: () => lastSubmitted.value !== null,
  },
  {
    group: "Tile",
    chords: ["Alt+1", "Alt+2", "Alt+3", "Alt+4", "Alt+5"],
    shown: "Alt 1–5",
    does: "How hard it was: 1 easy, 5 a guess",
    run: (chord) => grade(Number(chord.at(-1))),
  },
  {
    group: "Tile",
    chords: ["x"],
    shown: "X",
    does: "Skip, with a reason",
    run: askWhy,
    when: drawing,
  },
  {
    group: "Tile",
    chords: ["Shift+e"],
    shown: "⇧E",
    does: "More time with this tile",
    run: () => void extend(),
    when: () => leaseShown.value,
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
