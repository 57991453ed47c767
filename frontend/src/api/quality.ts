import { answer, api } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Flag = Schemas["Flag"];
export type FlagPage = Schemas["FlagPage"];
export type Agreement = Schemas["Agreement"];
export type PeoplePair = Schemas["PeoplePair"];
export type Gold = Schemas["Gold"];
export type Outcome = "closed" | "reopened" | "noted";

export const fetchFlags = (slug: string, cursor: string | null): Promise<FlagPage> =>
  answer(
    api.GET("/api/v1/campaigns/{slug}/flags", {
      params: { path: { slug }, query: { limit: 50, ...(cursor ? { cursor } : {}) } },
    }),
  );

export const resolveFlag = (slug: string, id: number, outcome: Outcome): Promise<Flag> =>
  answer(
    api.POST("/api/v1/campaigns/{slug}/flags/{id}/resolve", {
      params: { path: { slug, id } },
      body: { outcome, note: "" },
    }),
  );

export const fetchAgreement = (slug: string): Promise<Agreement> =>
  answer(api.GET("/api/v1/campaigns/{slug}/agreement", { params: { path: { slug } } }));

export const fetchPairs = (slug: string) =>
  answer(
    api.GET("/api/v1/campaigns/{slug}/agreement/people", {
      params: { path: { slug }, query: { limit: 100 } },
    }),
  );

export const fetchGold = (slug: string) =>
  answer(
    api.GET("/api/v1/campaigns/{slug}/gold", {
      params: { path: { slug }, query: { limit: 100 } },
    }),
  );

export const retireGold = (slug: string, annotation: string): Promise<Gold> =>
  answer(
    api.POST("/api/v1/campaigns/{slug}/gold/{annotation}/retire", {
      params: { path: { slug, annotation } },
    }),
  );
