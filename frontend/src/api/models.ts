import { answer, api } from "./client";
import type { components } from "./schema";

/** A model's card.json, as the training wrote it. */
export type ModelCard = Record<string, unknown>;
/** Where the labels of a training set come from, with their terms. */
export interface LabelSource {
  name: string;
  /** Empty: not stated. */
  licence: string;
  /** Whether it forbids commercial use, or changed copies. */
  restricted: boolean;
  tiles: number;
}

export interface ImagerySource {
  attribution: string;
  tiles: number;
}

/** Of a training set's datasheet; both empty where it was made before there were datasheets. */
export interface Sources {
  labels: LabelSource[];
  imagery: ImagerySource[];
}

export const cardPath = (slug: string, hash: string): string =>
  `/api/v1/campaigns/${encodeURIComponent(slug)}/models/${hash}/card`;

export const fetchCard = (slug: string, hash: string): Promise<ModelCard> =>
  answer(
    api.GET("/api/v1/campaigns/{slug}/models/{hash}/card", { params: { path: { slug, hash } } }),
  );

export async function fetchSources(snapshot: string): Promise<Sources> {
  const found: components["schemas"]["SnapshotDetail"] = await answer(
    api.GET("/api/v1/snapshots/{hash}", { params: { path: { hash: snapshot } } }),
  );
  const { sources = [], imagery = [] } = found.datasheet as {
    sources?: LabelSource[];
    imagery?: ImagerySource[];
  };
  return { labels: sources, imagery };
}
