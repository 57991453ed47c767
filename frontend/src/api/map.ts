import type { CatalogueQuery } from "./catalogue";
import { answer, api } from "./client";
import type { components } from "./schema";

export type PickPlan = components["schemas"]["PickPlan"];
/** The catalogue's filters; the map has no order and no pages. */
export type MapQuery = Omit<CatalogueQuery, "sort" | "limit" | "cursor">;

/** The footprints that fit the filters, in columns; the browser keeps them while they hold. */
export const fetchFootprints = (slug: string, query: MapQuery): Promise<ArrayBuffer> =>
  answer(
    api.GET("/api/v1/campaigns/{slug}/footprints", {
      params: { path: { slug }, query },
      parseAs: "arrayBuffer",
    }),
  );

/** Which of the tiles could go to the lane of picks, and why the others not. Changes nothing. */
export const planPicks = (slug: string, tiles: string[]): Promise<PickPlan> =>
  answer(
    api.POST("/api/v1/campaigns/{slug}/picks/plan", {
      params: { path: { slug } },
      body: { tiles },
    }),
  );

export type FilteredPlan = components["schemas"]["FilteredPlan"];

const filtersOf = (query: MapQuery): Record<string, string> =>
  Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]));

/** How many of all tiles that fit the filters could go there. Changes nothing. */
export const planFiltered = (slug: string, query: MapQuery): Promise<FilteredPlan> =>
  answer(
    api.POST("/api/v1/campaigns/{slug}/picks/filtered/plan", {
      params: { path: { slug } },
      body: { filters: filtersOf(query) },
    }),
  );

/** Send all of them: as many as were `expected`, or none. */
export const pickFiltered = (slug: string, query: MapQuery, expected: number, why: string) =>
  answer(
    api.POST("/api/v1/campaigns/{slug}/picks/filtered", {
      params: { path: { slug } },
      body: { filters: filtersOf(query), expected, why },
    }),
  );
