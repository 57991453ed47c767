import { computed, signal } from "@preact/signals";
import { fetchBands, fetchCampaign, fetchMe } from "../../api/calls";
import { fetchLabelPlanes, pictureOf } from "../../api/planes";
import { type Problem, problemOfThrown, Refused } from "../../api/problems";
import { nextReview, type TaskReview } from "../../api/review";
import type { Campaign, Me } from "../../api/types";
import { Comparison, loadImage, type Source, sourcesOf } from "../../compare/comparison";
import { View } from "../../compare/view";
import { validCells } from "../../editor/composite";
import type { OverlayStyle } from "../../editor/overlay";

/** What the page is doing; verdicts are possible in "looking" only. */
export type Phase =
  | { name: "loading"; what: string }
  | { name: "looking" }
  | { name: "fixing" }
  | { name: "rejecting" }
  | { name: "sending" }
  | { name: "empty"; message: string; help: string }
  | { name: "stuck"; problem: Problem };

/** A label in the reviewer's hands. */
export interface Held extends TaskReview {
  planes: { label: Uint8Array; provenance: Uint8Array };
  /** 1 where the tile's first band has data: what isn't labelled elsewhere is no omission. */
  seen: Uint8Array;
}

export interface Notice {
  tone: "info" | "warn" | "error";
  title: string;
  text: string;
}

export const me = signal<Me | null>(null);
export const campaign = signal<Campaign | null>(null);
export const held = signal<Held | null>(null);
export const phase = signal<Phase>({ name: "loading", what: "Opening the campaign …" });
export const notice = signal<Notice | null>(null);
export const comparison = signal<Comparison | null>(null);
export const view = new View();

/** Number of the composite shown, in the campaign's order. */
export const composite = signal(0);
export const image = signal<HTMLImageElement | null>(null);
export const opacity = signal(0.75);
export const peeking = signal(false);
export const style = signal<OverlayStyle>("fill");
export const helpOpen = signal(false);

export const mayJudge = computed(() => phase.value.name === "looking");

export const tell = (tone: Notice["tone"], title: string, text = "") => {
  notice.value = { tone, title, text };
};

/** Open the campaign and the first label; `task` asks for that one. */
export async function open(slug: string, task?: string): Promise<void> {
  phase.value = { name: "loading", what: "Opening the campaign …" };
  try {
    [campaign.value, me.value] = await Promise.all([fetchCampaign(slug), fetchMe()]);
    comparison.value = new Comparison(campaign.value);
  } catch (error) {
    phase.value = { name: "stuck", problem: problemOfThrown(error) };
    return;
  }
  await openNext(task);
}

/** Show the label in hand, or the next one that waits. */
export async function openNext(task?: string): Promise<void> {
  phase.value = { name: "loading", what: "Fetching the next label …" };
  try {
    const told = await nextReview(campaign.value!.slug, task);
    await show(told);
    phase.value = { name: "looking" };
  } catch (error) {
    stopAt(problemOfThrown(error));
  }
}

async function show(told: TaskReview): Promise<void> {
  const { tile, prelabel } = told.task;
  const name = `${told.label.author || "an import"}’s label`;
  const [planes, bands, { sources, lost }] = await Promise.all([
    fetchLabelPlanes(told.label.id, tile),
    fetchBands(tile, tile.bands.slice(0, 1)),
    sourcesOf(tile, { annotation: told.label.id, name }, prelabel !== null),
    showComposite(tile.id, composite.value),
  ]);
  const seen = validCells(bands, planes.label.length);
  held.value = { ...told, planes, seen };
  comparison.value!.show(tile, inOrder(sources), seen);
  view.fit(tile);
  if (lost.length) {
    tell("warn", `Not to be had: ${lost.join(", ")}`, "Storage has lost it; judge without it.");
  }
}

// The model's mask, or else the one the author saw, stands beside the label.
const inOrder = (sources: Source[]): Source[] =>
  [...sources].sort((a, b) => rankOf(a.key) - rankOf(b.key));
const rankOf = (key: string) => (["label", "model", "prelabel"].indexOf(key) + 4) % 4;

/** Show the tile in another composite, if it is still this tile when the picture is there. */
export async function showComposite(tile: string, number: number): Promise<void> {
  const { composites } = campaign.value!;
  const chosen = composites[number % composites.length];
  const picture = await loadImage(pictureOf(tile, chosen.name)).catch(() => null);
  composite.value = number % composites.length;
  image.value = picture;
  if (!picture) {
    tell("error", "The image can’t be shown", "Give the label back and tell whoever runs it.");
  }
}

export function nextComposite(): void {
  if (held.value) void showComposite(held.value.task.tile.id, composite.value + 1);
}

/** 1 where the tile has data: only there a label can be fixed. */
export function validOf({ planes }: Held, bands: Uint16Array[]): Uint8Array {
  return validCells(bands, planes.label.length);
}

function stopAt(problem: Problem): void {
  held.value = null;
  phase.value =
    problem instanceof Refused && problem.code === "queue_empty"
      ? { name: "empty", message: problem.message, help: problem.help }
      : { name: "stuck", problem };
}
