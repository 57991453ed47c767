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

/** The newest label of the tile in this campaign, or null. */
export async function fetchNewestLabel(tile: string, slug: string): Promise<LabelVersion | null> {
  const { results } = await answer(
    api.GET("/api/v1/tiles/{id}/labels", {
      params: { path: { id: tile }, query: { campaign: slug, limit: 1 } },
    }),
  );
  return results[0] ?? null;
}
