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

/** What isn't drawn yet: its name, since when it was asked for, and for how long the thread was busy with it. */
let unseen: { name: string; since: number; busy: number } | null = null;

/**
 * Measure what `act`, asked for by an event `since` milliseconds of the page's clock, costs until it is drawn.
 * `<name> drawn` is the main thread's time: of all acts that one frame shows, and of that frame. `<name> seen`
 * is what the person waits: from the first event to the end of the frame, the wait for the frame included.
 */
export function untilDrawn(name: string, since: number, act: () => void): void {
  unseen ??= { name, since, busy: 0 };
  const began = performance.now();
  act();
  unseen.busy += performance.now() - began;
}

/** The board has been drawn with everything up to now; that frame's work began at `began`. */
export function allDrawn(began: number): void {
  if (unseen) {
    timedSince(`${unseen.name} drawn`, began - unseen.busy);
    timedSince(`${unseen.name} seen`, unseen.since);
  }
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
