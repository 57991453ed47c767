import type { Overruling } from "./calls";
import { answer, api } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type TaskReview = Schemas["TaskReview"];
export type Verdict = Schemas["Verdict"];
export type Waiting = Schemas["Waiting"];

/** The label in hand, or the one that has waited longest; with `task` that one. */
export const nextReview = (slug: string, task?: string): Promise<TaskReview> =>
  answer(
    api.POST("/api/v1/campaigns/{slug}/reviews/next", {
      params: { path: { slug } },
      body: task ? { task } : {},
    }),
  );

export const fetchWaiting = (slug: string, cursor?: string) =>
  answer(
    api.GET("/api/v1/campaigns/{slug}/reviews/waiting", {
      params: { path: { slug }, query: { limit: 100, ...(cursor ? { cursor } : {}) } },
    }),
  );

export const acceptLabel = (task: string) =>
  answer(
    api.POST("/api/v1/tasks/{id}/review/accept", {
      params: { path: { id: task } },
      body: { note: "" },
    }),
  );

export const rejectLabel = (task: string, reason: string, note: string) =>
  answer(
    api.POST("/api/v1/tasks/{id}/review/reject", {
      params: { path: { id: task } },
      body: { reason, note },
    }),
  );

export const releaseReview = (task: string) =>
  answer(api.POST("/api/v1/tasks/{id}/review/release", { params: { path: { id: task } } }));

export interface FixedLabel {
  task: string;
  schemaVersion: number;
  /** Label plane, then provenance plane. */
  octets: Uint8Array<ArrayBuffer>;
  /** Warnings the reviewer stands by; null: none were shown yet. */
  overruling: Overruling | null;
}

export const fixLabel = ({ task, schemaVersion, octets, overruling }: FixedLabel) =>
  answer(
    api.POST("/api/v1/tasks/{id}/review/fix", {
      params: {
        path: { id: task },
        query: {
          schema_version: schemaVersion,
          tool: "workbench-review",
          ...(overruling ? { overrule: overruling.codes.join(","), note: overruling.note } : {}),
        },
      },
      // The schema's "binary" has no type of its own in JSON Schema: octets go out as they are.
      body: octets as unknown as string,
      bodySerializer: (raw) => raw,
      headers: { "Content-Type": "application/octet-stream" },
    }),
  );
