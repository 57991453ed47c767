import { computed, signal } from "@preact/signals";
import type { Finding, Problem } from "../../api/problems";
import type { Task } from "../../api/types";

/** What the page is doing; drawing is possible in "drawing" only. */
export type Phase =
  | { name: "loading"; what: string }
  | { name: "drawing" }
  | { name: "submitting" }
  /** The label is handed in, but the server is out of reach: it goes out when that is back. */
  | { name: "queued" }
  /** The server has warnings about the label: the person overrules them or goes on drawing. */
  | { name: "confirming"; findings: Finding[] }
  /** The tile is being put away, unlabelled: the person says why. */
  | { name: "skipping" }
  /** `refused`: the label itself was turned down; else only the lease has run out. */
  | { name: "lost"; problem: Problem; refused: boolean }
  | { name: "empty"; message: string; help: string }
  /** `task`: the tile that can't be shown, where there is one. */
  | { name: "stuck"; problem: Problem; retry: () => void; task?: Task };

export const phase = signal<Phase>({ name: "loading", what: "Opening the campaign …" });
export const mayDraw = computed(() => phase.value.name === "drawing");

export interface Action {
  label: string;
  run: () => void;
}

/** Something the person should know, shown over the image until it no longer matters. */
export interface Notice {
  tone: "info" | "warn" | "error";
  title: string;
  text: string;
  actions: Action[];
}

export const notice = signal<Notice | null>(null);

export function tell(tone: Notice["tone"], title: string, text = "", actions: Action[] = []): void {
  notice.value = { tone, title, text, actions };
}

export function hush(): void {
  notice.value = null;
}
