import { signal } from "@preact/signals";
import type { Point } from "../editor/brush";
import { fitted, panned, type Size, type Viewport, zoomedAt } from "../editor/viewport";

/** How the panes show a tile: all of them alike. */
export class View {
  readonly viewport = signal<Viewport>({ scale: 1, left: 0, top: 0 });
  /** Where the pointer is, in image coordinates: every pane marks it. */
  readonly cursor = signal<Point | null>(null);
  #screen: Size = { width: 1, height: 1 };
  #image: Size = { width: 1, height: 1 };

  fit(image: Size = this.#image): void {
    this.#image = image;
    this.viewport.value = fitted(this.#screen, image, 0);
  }

  /** The panes are equally large; the first that is told speaks for all. */
  resize(screen: Size): void {
    const { width, height } = this.#screen;
    if (screen.width === width && screen.height === height) return;
    this.#screen = screen;
    this.fit();
  }

  zoom(factor: number, at: Point = this.#middle()): void {
    this.viewport.value = zoomedAt(this.viewport.value, at, factor);
  }

  pan(by: Point): void {
    this.viewport.value = panned(this.viewport.value, by, this.#screen, this.#image);
  }

  #middle(): Point {
    return { x: this.#screen.width / 2, y: this.#screen.height / 2 };
  }
}
