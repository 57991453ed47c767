/**
 * A label handed in while the server is out of reach: it waits, under the key it was first sent with, and
 * goes out when the network is back. Written down, so that a closed page doesn't forget it.
 */
import type { Overruling } from "../../api/calls";

/** What was said of the label when it was handed in; the drawing itself is the kept draft. */
export interface Queued {
  key: string;
  difficulty: number;
  note: string;
  overruling: Overruling | null;
}

const RETRY = 15_000; // milliseconds: some networks come back without telling

const place = (draft: string): string => `queued/${draft}`;

export function writeDown(storage: Storage, draft: string, queued: Queued): void {
  const { key, difficulty, note, overruling } = queued;
  try {
    storage.setItem(place(draft), JSON.stringify({ key, difficulty, note, overruling }));
  } catch {
    // A full or forbidden storage: the label still waits as long as the page is open.
  }
}

export function readQueued(storage: Storage, draft: string): Queued | null {
  const found = storage.getItem(place(draft));
  if (!found) return null;
  try {
    return JSON.parse(found) as Queued;
  } catch {
    storage.removeItem(place(draft));
    return null;
  }
}

export function strike(storage: Storage, draft: string): void {
  storage.removeItem(place(draft));
}

let stop: (() => void) | null = null;

/** Call `send` once: when the browser says that it is online again, or after a while. */
export function onceBack(send: () => void): void {
  stopWaiting();
  const back = () => {
    stopWaiting();
    send();
  };
  const timer = setTimeout(back, RETRY);
  addEventListener("online", back);
  stop = () => {
    clearTimeout(timer);
    removeEventListener("online", back);
  };
}

export function stopWaiting(): void {
  stop?.();
  stop = null;
}
