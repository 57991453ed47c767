import type { Task } from "./api/types";

/** The tile a person has in hand in a campaign, as this browser saw it last. */
export interface InHand {
  task: string;
  tile: string;
  place: string;
}

const keyOf = (username: string, slug: string) => `in-hand/${username}/${slug}`;

export function rememberInHand(storage: Storage, username: string, task: Task): void {
  const { id, campaign, tile } = task;
  const inHand: InHand = { task: id, tile: tile.id, place: tile.place };
  storage.setItem(keyOf(username, campaign), JSON.stringify(inHand));
}

export function forgetInHand(storage: Storage, username: string, slug: string): void {
  storage.removeItem(keyOf(username, slug));
}

export function recallInHand(storage: Storage, username: string, slug: string): InHand | null {
  return JSON.parse(storage.getItem(keyOf(username, slug)) ?? "null");
}
