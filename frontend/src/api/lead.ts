import { answer, api } from "./client";
import { Refused } from "./problems";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Growth = Schemas["Growth"];
export type GrowthPart = Schemas["GrowthPart"];
export type GrowthClass = Schemas["GrowthClass"];
export type Curve = Schemas["Learning"];
export type CurvePoint = Schemas["LearningPoint"];
export type CurveFigure = Schemas["LearningFigure"];
export type Calibration = Schemas["ModelCalibration"];
export type ClassCalibration = Schemas["ClassCalibration"];
export type Alert = Schemas["Alert"];
export type Queue = Schemas["Queue"];
export type Lane = Schemas["Lane"];
export type Work = Schemas["Work"];
export type Comparison = Schemas["Comparison"];
export type ComparedMask = Schemas["ComparedMask"];
export type CvatPerson = Schemas["CvatPerson"];
export type Monitor = Schemas["Monitor"];
export type Job = Schemas["JobRow"];

const at = (slug: string) => ({ params: { path: { slug } } });

export const fetchGrowth = (slug: string): Promise<Growth> =>
  answer(api.GET("/api/v1/campaigns/{slug}/growth", at(slug)));

export const fetchCurve = (slug: string): Promise<Curve> =>
  answer(api.GET("/api/v1/campaigns/{slug}/learning", at(slug)));

/** Of the champion; null: no model was ever measured. */
export const fetchCalibration = async (slug: string): Promise<Calibration | null> =>
  (await answer(api.GET("/api/v1/campaigns/{slug}/calibration", at(slug)))).calibration;

export const fetchAlerts = async (slug: string): Promise<Alert[]> =>
  (await answer(api.GET("/api/v1/campaigns/{slug}/alerts", at(slug)))).alerts;

export const fetchQueue = (slug: string): Promise<Queue> =>
  answer(api.GET("/api/v1/campaigns/{slug}/queue", at(slug)));

/** The newest comparison with other masks; null: there was none. */
export async function fetchComparison(slug: string): Promise<Comparison | null> {
  try {
    return await answer(api.GET("/api/v1/campaigns/{slug}/comparison", at(slug)));
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

/** Everybody's work; people who joined first in front. */
export async function fetchWork(slug: string): Promise<Work[]> {
  const people: Work[] = [];
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = { limit: 100, ...(cursor && { cursor }) };
    const path = { slug };
    const page: Schemas["PeoplePage"] = await answer(
      api.GET("/api/v1/campaigns/{slug}/people", { params: { path, query } }),
    );
    people.push(...page.results);
    cursor = page.cursor;
  } while (cursor);
  return people;
}

export async function fetchCvatPeople(slug: string): Promise<CvatPerson[]> {
  const { results } = await answer(
    api.GET("/api/v1/campaigns/{slug}/cvat/people", {
      params: { path: { slug }, query: { limit: 100 } },
    }),
  );
  return results;
}

/** Find members that aren't known in CVAT; those that were found. */
export const matchCvatPeople = async (slug: string): Promise<CvatPerson[]> =>
  (await answer(api.POST("/api/v1/campaigns/{slug}/cvat/people/match", at(slug)))).found;

export const mapCvatPerson = (
  slug: string,
  body: { username: string; there: string; serves: boolean },
): Promise<CvatPerson> =>
  answer(api.POST("/api/v1/campaigns/{slug}/cvat/people", { params: { path: { slug } }, body }));

/** Have a worker take in now what was drawn; how many pulls were sent. */
export const pullCvat = async (slug: string): Promise<number> =>
  (await answer(api.POST("/api/v1/campaigns/{slug}/cvat/pull", at(slug)))).pulls;

/** The newest jobs: what runs, what waits, what came of the others. */
export const fetchJobs = async (slug: string): Promise<Job[]> => {
  const query = { limit: 20 };
  const page = await answer(
    api.GET("/api/v1/campaigns/{slug}/jobs", { params: { path: { slug }, query } }),
  );
  return page.results;
};

const aJob = (slug: string, id: string) => ({ params: { path: { slug, id } } });

export const cancelJob = (slug: string, id: string): Promise<Job> =>
  answer(api.POST("/api/v1/campaigns/{slug}/jobs/{id}/cancel", aJob(slug, id)));

export const retryJob = (slug: string, id: string): Promise<Job> =>
  answer(api.POST("/api/v1/campaigns/{slug}/jobs/{id}/retry", aJob(slug, id)));

/** What control tiles tell, whether choosing beats random, what more labels would buy. */
export const fetchMonitor = (slug: string): Promise<Monitor> =>
  answer(api.GET("/api/v1/campaigns/{slug}/monitor", at(slug)));
