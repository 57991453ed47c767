import { answer, api } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type OwnWork = Schemas["OwnWork"];
export type Day = Schemas["Done"];
export type Said = Schemas["Said"];
export type SaidPage = Schemas["SaidPage"];
export type Example = Schemas["Example"];

export const fetchMyWork = (slug: string): Promise<OwnWork> =>
  answer(api.GET("/api/v1/me/work", { params: { query: { campaign: slug } } }));

export const fetchMyDay = (slug: string, since: Date): Promise<Day> =>
  answer(
    api.GET("/api/v1/campaigns/{slug}/my-day", {
      params: { path: { slug }, query: { since: since.toISOString() } },
    }),
  );

export const fetchMyFeedback = (
  slug: string,
  limit: number,
  cursor: string | null = null,
): Promise<SaidPage> =>
  answer(
    api.GET("/api/v1/campaigns/{slug}/my-feedback", {
      params: { path: { slug }, query: { limit, ...(cursor ? { cursor } : {}) } },
    }),
  );

export const fetchGuide = (slug: string): Promise<Example[]> =>
  answer(api.GET("/api/v1/campaigns/{slug}/guide", { params: { path: { slug } } })).then(
    ({ examples }) => examples,
  );
