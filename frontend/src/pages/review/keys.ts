import { chordOf, type Pressed } from "../../chord";
import type { Point } from "../../editor/brush";
import {
  campaign,
  comparison,
  helpOpen,
  mayJudge,
  nextComposite,
  notice,
  openNext,
  peeking,
  phase,
  style,
  view,
} from "./desk";
import { code, dropFix, findings, redo, resize, sendFix, startFix, undo } from "./fixing";
import { accept, askReason, giveBack } from "./verdicts";

/** One line of the help sheet, and the handler behind it: they can't differ. */
export interface Key {
  group: "Verdict" | "Look" | "Fix";
  chords: string[];
  shown: string;
  does: string;
  run: (chord: string) => void;
  up?: () => void;
  when?: () => boolean;
}

const fixing = () => phase.value.name === "fixing" && findings.value.length === 0;
const looking = () => mayJudge.value;
const STEP = 64; // screen pixels
const ARROWS: Record<string, Point> = {
  ArrowLeft: { x: STEP, y: 0 },
  ArrowRight: { x: -STEP, y: 0 },
  ArrowUp: { x: 0, y: STEP },
  ArrowDown: { x: 0, y: -STEP },
};

const VERDICTS: Key[] = [
  line("Verdict", ["a"], "A", "Accept the label", () => void accept(), looking),
  line("Verdict", ["f"], "F", "Fix it: a new version, both are authors", startFix, looking),
  line("Verdict", ["j"], "J", "Reject it with a reason", askReason, looking),
  line("Verdict", ["n"], "N", "Fetch the label in hand or the next one", () => openNext(), looking),
  line("Verdict", ["x"], "X", "Give it back unreviewed", () => void giveBack(), looking),
];

const LOOKS: Key[] = [
  line("Look", ["v"], "V", "Next band composite", nextComposite),
  line("Look", ["d"], "D", "Difference or swipe", () => comparison.value?.turn()),
  line("Look", ["s"], "S", "Swap the two masks", () => comparison.value?.swap()),
  line("Look", ["o"], "O", "Outlines or filled", () => {
    style.value = style.value === "fill" ? "outline" : "fill";
  }),
  {
    ...line("Look", ["Space"], "space", "Peek at the image without masks", () => {
      peeking.value = true;
    }),
    up: () => {
      peeking.value = false;
    },
  },
  line("Look", ["c"], "C", "Next class in the difference", nextSubject),
  line("Look", ["+", "="], "+", "Zoom in", () => view.zoom(1.25)),
  line("Look", ["-"], "−", "Zoom out", () => view.zoom(0.8)),
  line("Look", ["0"], "0", "The whole tile", () => view.fit()),
  line("Look", Object.keys(ARROWS), "← → ↑ ↓", "Move the image", (chord) =>
    view.pan(ARROWS[chord]),
  ),
  line("Look", ["?"], "?", "This sheet", () => {
    helpOpen.value = !helpOpen.value;
  }),
];

const FIXES: Key[] = [
  line("Fix", ["["], "[", "Smaller brush", () => resize(-1), fixing),
  line("Fix", ["]"], "]", "Larger brush", () => resize(1), fixing),
  line("Fix", ["z", "Mod+z"], "Z", "Undo", undo, fixing),
  line("Fix", ["Shift+z", "Mod+Shift+z", "Mod+y"], "⇧Z", "Redo", redo, fixing),
  line("Fix", ["Shift+Enter"], "⇧⏎", "Hand the fix in", () => void sendFix(), fixing),
  line("Fix", ["Escape"], "Esc", "Leave the label as it was", dropFix, fixing),
  line("Look", ["Escape"], "Esc", "Close the message", () => {
    notice.value = null;
  }),
];

/** Every key of the page, the campaign's classes included. */
export function keys(): Key[] {
  const classes = campaign.value?.schema.classes ?? [];
  const painting = [...classes.map(({ hotkey, code, name }) => ({ hotkey, code, name }))];
  const unsure = { hotkey: String(classes.length + 1), code: 254, name: "unsure" };
  const choices = [...painting, unsure].map((each) =>
    line(
      "Fix",
      [each.hotkey],
      each.hotkey.toUpperCase(),
      `Paint ${each.name}`,
      () => take(each.code),
      fixing,
    ),
  );
  // While a label is being fixed its keys come first.
  return [...choices, ...FIXES, ...VERDICTS, ...LOOKS];
}

function take(chosen: number): void {
  code.value = chosen;
}

function nextSubject(): void {
  const now = comparison.value;
  if (!now) return;
  const codes = [null, ...now.shades.filter((each) => each.code < 254).map((each) => each.code)];
  const kept = codes.filter((each) => each !== 0);
  now.subject.value = kept[(kept.indexOf(now.subject.value) + 1) % kept.length];
}

/** Listen on the whole page. Returns what stops it. */
export function listenToKeys(): () => void {
  const down = (event: KeyboardEvent) => {
    if (event.repeat && !(event.key in ARROWS)) return;
    if (isTyping(event) || phase.value.name === "rejecting") return;
    const key = find(event);
    if (!key) return;
    event.preventDefault();
    key.run(chordOf(event));
  };
  const up = (event: KeyboardEvent) => find(event)?.up?.();
  document.addEventListener("keydown", down);
  document.addEventListener("keyup", up);
  return () => {
    document.removeEventListener("keydown", down);
    document.removeEventListener("keyup", up);
  };
}

function find(event: Pressed): Key | undefined {
  const chord = chordOf(event);
  return keys().find((each) => each.chords.includes(chord) && (each.when?.() ?? true));
}

// What has the focus takes its own keys: a button Space and Enter, a slider the arrows.
function isTyping({ target, key }: KeyboardEvent): boolean {
  const at = target as HTMLElement;
  if (at instanceof HTMLInputElement && at.type === "range") return key in ARROWS;
  if (at.tagName === "BUTTON" || at.tagName === "A") return key === " " || key === "Enter";
  return ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName);
}

function line(
  group: Key["group"],
  chords: string[],
  shown: string,
  does: string,
  run: (chord: string) => unknown,
  when?: () => boolean,
): Key {
  return { group, chords, shown, does, run: (chord) => void run(chord), ...(when ? { when } : {}) };
}
