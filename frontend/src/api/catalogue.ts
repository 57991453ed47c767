import { answer, api } from "./client";
import type { components, operations } from "./schema";

type Schemas = components["schemas"];
export type CatalogueTile = Schemas["CatalogueTile"];
export type CataloguePage = Schemas["CataloguePage"];
export type CatalogueQuery = NonNullable<operations["catalogue"]["parameters"]["query"]>;
export type LabelVersion = Schemas["LabelVersion"];

export const fetchCatalogue = (slug: string, query: CatalogueQuery): Promise<CataloguePage> =>
  answer(api.GET("/api/v1/campaigns/{slug}/catalogue", { params: { path: { slug }, query } }));

/** Have these tiles labelled, out of turn: all of them, or none. */
export const pickTiles = (slug: string, tiles: string[], why: string) =>
  answer(
    api.POST("/api/v1/campaigns/{slug}/picks", {
      params: { path: { slug } },
      body: { tiles, why },
    }),
  );

/** Versions of the tile's label in this campaign, the newest first. */
export async function fetchVersions(
  tile: string,
  slug: string,
  limit = 50,
): Promise<LabelVersion[]> {
  const { results } = await answer(
    api.GET("/api/v1/tiles/{id}/labels", {
      params: { path: { id: tile }, query: { campaign: slug, limit } },
    }),
  );
  return results;
}

export const fetchNewestLabel = async (tile: string, slug: string): Promise<LabelVersion | null> =>
  (await fetchVersions(tile, slug, 1))[0] ?? null;

/** A new version with these pixels follows the current one. */
export const revertTo = (version: string): Promise<LabelVersion> =>
  answer(api.POST("/api/v1/annotations/{id}/revert", { params: { path: { id: version } } }));
