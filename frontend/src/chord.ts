/** A pressed key as the key table writes it: "b", "Shift+z", "Mod+z", "?", "Space", "ArrowLeft". */
export interface Pressed {
  key: string;
  code: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

// Symbols already say whether Shift (or AltGr) was needed to type them.
const SYMBOLS = new Set([..."?[]+-,."]);

export function chordOf(pressed: Pressed): string {
  if (SYMBOLS.has(pressed.key)) return pressed.key;
  const mod = pressed.ctrlKey || pressed.metaKey ? "Mod+" : "";
  const alt = pressed.altKey ? "Alt+" : "";
  const shift = pressed.shiftKey ? "Shift+" : "";
  return `${mod}${alt}${shift}${plainKey(pressed)}`;
}

function plainKey({ key, code }: Pressed): string {
  if (key === " ") return "Space";
  // Where digits need Shift (AZERTY), and where Shift turns them into symbols, the key itself counts.
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code);
  if (digit) return digit[1];
  return key.length === 1 ? key.toLowerCase() : key;
}
