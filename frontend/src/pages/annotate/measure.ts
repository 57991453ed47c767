/**
 * Measure how long the main thread is busy with `act`, for the browser's own tools and benchmarks/editor.py.
 * The browser keeps measures until they are cleared, so they are, now and then.
 */
export function timed<T>(name: string, act: () => T): T {
  const start = performance.now();
  try {
    return act();
  } finally {
    timedSince(name, start);
  }
}

function timedSince(name: string, start: number): void {
  performance.measure(name, { start });
  if (++made % KEPT === 0) performance.clearMeasures();
}

let unseen: number | null = null;

/** Measure how long what `act` changes takes to be drawn: from the event that asked for it, in milliseconds
 * of the page's clock, to the end of the frame that `strokeDrawn` is called in. */
export function untilDrawn(since: number, act: () => void): void {
  unseen ??= since;
  timed("stroke", act);
}

/** The board has been drawn with everything up to now. */
export function strokeDrawn(): void {
  if (unseen !== null) timedSince("seen", unseen);
  unseen = null;
}

const KEPT = 2000;
let made = 0;

let awaited: { name: string; start: number } | null = null;

/** Measure how long it takes until the next tile is on the screen. */
export function untilPicture(name: string): void {
  awaited = { name, start: performance.now() };
}

/** A tile that was not there before is on the screen. */
export function pictureShown(): void {
  if (awaited) performance.measure(awaited.name, { start: awaited.start });
  awaited = null;
}

/** The page can be drawn on: noted the first time. */
export function readyToDraw(): void {
  if (!ready) performance.mark("interactive");
  ready = true;
}

let ready = false;
