import { computed, signal } from "@preact/signals";
import { fetchPrelabel } from "../api/calls";
import { fetchLabel, fetchMask, fetchMasks, type Sized } from "../api/planes";
import type { Campaign } from "../api/types";
import { difference, tally } from "./difference";
import {
  differencePicture,
  isClear,
  maskPicture,
  paletteFor,
  type Shade,
  shadesOf,
} from "./painting";

/** A mask of the tile that can be set beside another. */
export interface Source {
  key: string;
  name: string;
  plane: Uint8Array;
}

/** What a comparison can show of the two masks chosen. */
export type Mode = "difference" | "swipe";

/** The class that is compared; null: all that isn't clear. */
export type Subject = number | null;

/** Masks of one tile, any two of them set against each other. */
export class Comparison {
  readonly sources = signal<Source[]>([]);
  readonly first = signal("");
  readonly second = signal("");
  readonly mode = signal<Mode>("difference");
  readonly subject = signal<Subject>(null);
  /** Of the pane's width, 0–1: where the first mask ends and the second begins. */
  readonly split = signal(0.5);
  readonly shades: Shade[];
  readonly palette;
  #size: { width: number; height: number } = { width: 1, height: 1 };
  #seen: Uint8Array | undefined;

  constructor(campaign: Campaign) {
    this.shades = shadesOf(campaign.schema.classes);
    this.palette = paletteFor(this.shades);
  }

  /** Take up the masks of a tile, the first two chosen. `seen` is 1 where the tile has data. */
  show(size: { width: number; height: number }, sources: Source[], seen?: Uint8Array): void {
    this.#size = size;
    this.#seen = seen;
    this.sources.value = sources;
    this.first.value = sources[0]?.key ?? "";
    this.second.value = sources[1]?.key ?? "";
    this.split.value = 0.5;
  }

  readonly pair = computed(() => {
    const [a, b] = [this.first.value, this.second.value].map((key) =>
      this.sources.value.find((each) => each.key === key),
    );
    return a && b ? { a, b } : null;
  });

  readonly plane = computed(() => {
    const pair = this.pair.value;
    return pair && difference(pair.a.plane, pair.b.plane, this.#wanted());
  });

  readonly counts = computed(() => this.plane.value && tally(this.plane.value));

  readonly overlays = computed(() => {
    const pair = this.pair.value;
    const { width, height } = this.#size;
    if (!pair) return [];
    if (this.mode.value === "difference") {
      return [{ picture: differencePicture(this.plane.value!, width, height), from: 0, to: 1 }];
    }
    const { a, b } = this.#pictures.value!;
    return [
      { picture: a, from: 0, to: this.split.value },
      { picture: b, from: this.split.value, to: 1 },
    ];
  });

  // Apart from `split`, so that a swipe paints nothing anew.
  readonly #pictures = computed(() => {
    const pair = this.pair.value;
    return (
      pair && {
        a: this.#painted(pair.a.plane),
        b: this.#painted(pair.b.plane),
      }
    );
  });

  #painted(plane: Uint8Array): HTMLCanvasElement {
    const where = this.#seen ? { where: this.#seen } : {};
    return maskPicture(plane, this.#size, this.palette, where);
  }

  swap(): void {
    [this.first.value, this.second.value] = [this.second.value, this.first.value];
  }

  turn(): void {
    this.mode.value = this.mode.value === "difference" ? "swipe" : "difference";
  }

  #wanted(): (code: number) => boolean {
    const subject = this.subject.value;
    if (subject !== null) return (code) => code === subject;
    const clear = this.shades.filter(({ name }) => isClear(name)).map(({ code }) => code);
    return (code) => !clear.includes(code);
  }
}

const NAMES: Record<string, string> = { model: "model", scl: "SCL" };

/**
 * All masks of a tile that may be compared: the label, the pre-label its author saw, the model's,
 * and those of others. One that storage has lost is left out: the others can still be compared.
 */
export async function sourcesOf(
  tile: Sized,
  label: { annotation: string; name: string } | null,
  prelabel: boolean,
): Promise<{ sources: Source[]; lost: string[] }> {
  const masks = await fetchMasks(tile.id);
  const wanted: [string, string, Promise<Uint8Array | null>][] = [];
  if (label) wanted.push(["label", label.name, fetchLabel(label.annotation, tile)]);
  for (const { source } of masks) {
    wanted.push([source, NAMES[source] ?? source, fetchMask(tile, source)]);
  }
  if (prelabel) wanted.push(["prelabel", "pre-label", fetchPrelabel(tile)]);
  const found = await Promise.allSettled(wanted.map(([, , plane]) => plane));
  const sources: Source[] = [];
  const lost: string[] = [];
  found.forEach((each, k) => {
    const [key, name] = wanted[k];
    if (each.status === "rejected") lost.push(name);
    else if (each.value) sources.push({ key, name, plane: each.value });
  });
  return { sources, lost };
}

/** The picture of a tile, decoded: it is drawn when it is there. */
export function loadImage(address: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = address;
  return image.decode().then(() => image);
}
