import { signal } from "@preact/signals";

export type Theme = "dark" | "light";

/** Pages may be light; where tiles are drawn on it stays dark. */
export const theme = signal<Theme>(localStorage.getItem("theme") === "light" ? "light" : "dark");

export const otherTheme = (): Theme => (theme.value === "dark" ? "light" : "dark");

/** Colours are read from the document, so it changes before anything is drawn again. */
export function wear(next: Theme): void {
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
  theme.value = next;
}
