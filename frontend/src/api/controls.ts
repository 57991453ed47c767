import { answer, api } from "./client";
import type { components, operations } from "./schema";

type Schemas = components["schemas"];
export type Setting = Schemas["Setting"];
export type Settings = Schemas["Settings"];
export type Member = Schemas["Member"];
export type Role = Member["role"];
export type Schedule = Schemas["Schedule"];
export type RoundPlan = Schemas["RoundPlanAnswer"];
export type Token = Schemas["Token"];
export type NewToken = Schemas["NewToken"];
export type Snapshot = Schemas["Snapshot"];
export type SnapshotDiff = Schemas["Diff"];
export type Export = Schemas["Export"];
export type Release = Schemas["Release"];
export type ReleaseWithFiles = Schemas["ReleaseWithFiles"];

export interface Change {
  name: string;
  /** What was seen: the server refuses where it is another by now. */
  was: unknown;
  /** null: back to the default. */
  value: unknown;
}

export interface Standing {
  role: Role;
  level: number;
}

const of = (slug: string) => ({ params: { path: { slug } } });

export const fetchSettings = (slug: string): Promise<Settings> =>
  answer(api.GET("/api/v1/campaigns/{slug}/settings", of(slug)));

export const changeSettings = (slug: string, changes: Change[]): Promise<Settings> =>
  answer(
    api.PATCH("/api/v1/campaigns/{slug}/settings", {
      ...of(slug),
      body: { changes },
    }),
  );

/** All members: a campaign has dozens, and each page 100. */
export async function fetchMembers(slug: string): Promise<Member[]> {
  const found: Member[] = [];
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = { limit: 100, ...(cursor ? { cursor } : {}) };
    const page: Schemas["MemberPage"] = await answer(
      api.GET("/api/v1/campaigns/{slug}/members", { params: { path: { slug }, query } }),
    );
    found.push(...page.results);
    cursor = page.cursor;
  } while (cursor);
  return found;
}

export interface Newcomer extends Standing {
  username: string;
  name: string;
  email: string;
}

export const addMember = (slug: string, newcomer: Newcomer): Promise<Member> =>
  answer(api.POST("/api/v1/campaigns/{slug}/members", { ...of(slug), body: newcomer }));

const member = (slug: string, username: string) => ({ params: { path: { slug, username } } });

export const changeMember = (
  slug: string,
  username: string,
  was: Standing,
  standing: Standing,
): Promise<Member> =>
  answer(
    api.PATCH("/api/v1/campaigns/{slug}/members/{username}", {
      ...member(slug, username),
      body: { ...standing, was },
    }),
  );

export const removeMember = (slug: string, username: string) =>
  answer(api.DELETE("/api/v1/campaigns/{slug}/members/{username}", member(slug, username)));

export const fetchInvitation = (slug: string, username: string): Promise<{ path: string }> =>
  answer(api.GET("/api/v1/campaigns/{slug}/members/{username}/invitation", member(slug, username)));

export const fetchSchedule = (slug: string): Promise<Schedule> =>
  answer(api.GET("/api/v1/campaigns/{slug}/schedule", of(slug)));

export const changeSchedule = (
  slug: string,
  schedule: Record<string, unknown>,
): Promise<Schedule> =>
  answer(api.POST("/api/v1/campaigns/{slug}/schedule", { ...of(slug), body: { schedule } }));

export const fetchRoundPlan = (slug: string): Promise<RoundPlan> =>
  answer(api.GET("/api/v1/campaigns/{slug}/rounds/plan", of(slug)));

export const fetchRounds = (slug: string) =>
  answer(api.GET("/api/v1/campaigns/{slug}/rounds", of(slug)));

export const fetchTokens = (slug: string) =>
  answer(
    api.GET("/api/v1/campaigns/{slug}/tokens", {
      params: { path: { slug }, query: { limit: 100 } },
    }),
  );

export interface TokenOrder {
  name: string;
  username?: string;
  read_only: boolean;
  days: number;
}

export const createToken = (slug: string, order: TokenOrder): Promise<NewToken> =>
  answer(api.POST("/api/v1/campaigns/{slug}/tokens", { ...of(slug), body: order }));

export const revokeToken = (slug: string, id: string): Promise<Token> =>
  answer(
    api.POST("/api/v1/campaigns/{slug}/tokens/{id}/revoke", { params: { path: { slug, id } } }),
  );

export const fetchSnapshots = (slug: string) =>
  answer(
    api.GET("/api/v1/campaigns/{slug}/snapshots", {
      params: { path: { slug }, query: { limit: 50 } },
    }),
  );

export const createSnapshot = (slug: string, rule: { min_trust: number; states?: string[] }) =>
  answer(api.POST("/api/v1/campaigns/{slug}/snapshots", { ...of(slug), body: { rule } }));

export const fetchSnapshotJob = (slug: string, id: string) =>
  answer(
    api.GET("/api/v1/campaigns/{slug}/snapshots/jobs/{id}", { params: { path: { slug, id } } }),
  );

export const fetchDiff = (hash: string, to: string): Promise<SnapshotDiff> =>
  answer(api.GET("/api/v1/snapshots/{hash}/diff", { params: { path: { hash }, query: { to } } }));

export const fetchExports = (hash: string) =>
  answer(
    api.GET("/api/v1/snapshots/{hash}/exports", {
      params: { path: { hash }, query: { limit: 20 } },
    }),
  );

export const startExport = (hash: string, format: string): Promise<Export> =>
  answer(
    api.POST("/api/v1/snapshots/{hash}/exports", {
      params: { path: { hash } },
      body: { format, with_bands: false, with_provenance: false },
    }),
  );

export const cancelExport = (id: string): Promise<Export> =>
  answer(api.POST("/api/v1/exports/{id}/cancel", { params: { path: { id } } }));

/** Where a finished export is downloaded from, as one ZIP. */
export const exportFiles = (id: string): string => `/api/v1/exports/${id}/files`;

export const fetchReleases = (slug: string) =>
  answer(api.GET("/api/v1/campaigns/{slug}/releases", of(slug)));

export const fetchRelease = (slug: string, version: string): Promise<ReleaseWithFiles> =>
  answer(
    api.GET("/api/v1/campaigns/{slug}/releases/{version}", { params: { path: { slug, version } } }),
  );

export const releaseFile = (slug: string, version: string, name: string): string =>
  `/api/v1/campaigns/${slug}/releases/${encodeURIComponent(version)}/files/${name}`;

export interface ReleaseOrder {
  version: string;
  snapshot: string;
  licence: string;
}

export const startRelease = (slug: string, order: ReleaseOrder) =>
  answer(
    api.POST("/api/v1/campaigns/{slug}/releases", {
      ...of(slug),
      body: {
        ...order,
        formats: ["geotiff"],
        with_bands: false,
        authors: "",
        allow_non_commercial: false,
      },
    }),
  );

export const fetchReleaseJob = (slug: string, id: string) =>
  answer(
    api.GET("/api/v1/campaigns/{slug}/releases/jobs/{id}", { params: { path: { slug, id } } }),
  );

export type AuditEvent = Schemas["Event"];
export type EventQuery = NonNullable<operations["events"]["parameters"]["query"]>;

/** What was done in the campaign, the newest first. */
export const fetchEvents = (slug: string, query: EventQuery) =>
  answer(
    api.GET("/api/v1/campaigns/{slug}/events", {
      params: { path: { slug }, query: { ...query, limit: 50 } },
    }),
  );

/** A funder's page of those days, both included; as a page of its own, or as numbers. */
export const reportPath = (slug: string, first: string, last: string, kind: "page" | "numbers") =>
  `/api/v1/campaigns/${encodeURIComponent(slug)}/report${kind === "page" ? ".html" : ""}?` +
  new URLSearchParams({ first, last });
