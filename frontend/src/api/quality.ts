import { answer, api } from "./client";
import { Refused } from "./problems";
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

export type HintReport = Schemas["HintReport"];
export type SkipRates = Schemas["SkipRates"];
export type Mining = Schemas["Mining"];
export type DoubtedLabel = Schemas["DoubtedLabel"];
export type LongJob = Schemas["LongJob"];

/** What pre-labels do to labels. */
export const fetchHints = (slug: string): Promise<HintReport> =>
  answer(api.GET("/api/v1/campaigns/{slug}/hints", { params: { path: { slug } } }));

/** Skips by score, of the newest finished round; null: there is no such round yet. */
export const fetchSkipRates = (slug: string): Promise<SkipRates | null> =>
  noneYet(answer(api.GET("/api/v1/campaigns/{slug}/flags/rates", { params: { path: { slug } } })));

/** The newest search for label errors, a page of it; null: none was made yet. */
export const fetchMining = (slug: string, cursor: string | null = null): Promise<Mining | null> =>
  noneYet(
    answer(
      api.GET("/api/v1/campaigns/{slug}/label-errors", {
        params: { path: { slug }, query: { limit: 20, ...(cursor ? { cursor } : {}) } },
      }),
    ),
  );

/** `top`: labels to have drawn anew by somebody else; 0: they are only ranked. */
export const startMining = (slug: string, top: number): Promise<LongJob> =>
  answer(
    api.POST("/api/v1/campaigns/{slug}/label-errors/jobs", {
      params: { path: { slug } },
      // The other settings have defaults, which the generated types don't know.
      body: { top } as Schemas["MiningOrderRequest"],
    }),
  );

async function noneYet<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}
