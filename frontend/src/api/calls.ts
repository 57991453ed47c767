import { answer, api } from "./client";
import { Broken, Refused } from "./problems";
import type {
  Annotation,
  Campaign,
  CvatHeldPage,
  CvatLinked,
  Me,
  Model,
  ModelPage,
  Progress,
  Round,
  Task,
  TaskStatus,
} from "./types";

export const fetchMe = (): Promise<Me> => answer(api.GET("/api/v1/me"));

export const fetchCampaign = (slug: string): Promise<Campaign> =>
  answer(api.GET("/api/v1/campaigns/{slug}", { params: { path: { slug } } }));

export const fetchProgress = (slug: string): Promise<Progress> =>
  answer(api.GET("/api/v1/campaigns/{slug}/progress", { params: { path: { slug } } }));

/** The tile in hand, or the next one. "held" asks for one ahead, to be loaded early. */
export const claimNext = (slug: string, hold: "active" | "held"): Promise<Task> =>
  answer(
    api.POST("/api/v1/campaigns/{slug}/queue/next", { params: { path: { slug } }, body: { hold } }),
  );

export const fetchTask = (task: string): Promise<TaskStatus> =>
  answer(api.GET("/api/v1/tasks/{id}", { params: { path: { id: task } } }));

export const keepLease = (task: string): Promise<{ lease_ends: string }> =>
  answer(api.POST("/api/v1/tasks/{id}/heartbeat", { params: { path: { id: task } } }));

export const releaseTask = (task: string): Promise<{ state: string }> =>
  answer(api.POST("/api/v1/tasks/{id}/release", { params: { path: { id: task } } }));

export interface Submission {
  task: string;
  schemaVersion: number;
  /** Label plane, then provenance plane. */
  octets: Uint8Array<ArrayBuffer>;
  /** Stays the same when the same octets are sent again. */
  key: string;
  /** 1 easy … 5 a guess; 0: not said. */
  difficulty: number;
  /** What is worth knowing of the label; with warnings to overrule, also why it is right. */
  note: string;
  /** Warnings the person stands by; null: none were shown yet. */
  overruling: Overruling | null;
}

export interface Overruling {
  codes: string[];
  note: string;
}

function saidOf({ difficulty, note, overruling }: Submission) {
  return {
    ...(difficulty ? { difficulty } : {}),
    ...(overruling ? { overrule: overruling.codes.join(",") } : {}),
    ...(overruling || note ? { note: overruling?.note || note } : {}),
  };
}

export const submitDrawing = (submission: Submission): Promise<Annotation> =>
  answer(
    api.POST("/api/v1/tasks/{id}/submit", {
      params: {
        path: { id: submission.task },
        query: {
          schema_version: submission.schemaVersion,
          tool: "workbench-editor",
          ...saidOf(submission),
        },
        header: { "Idempotency-Key": submission.key },
      },
      // The schema's "binary" has no type of its own in JSON Schema: octets go out as they are.
      body: submission.octets as unknown as string,
      bodySerializer: (octets) => octets,
      headers: { "Content-Type": "application/octet-stream" },
    }),
  );

/** Bands of a tile, each uint16 (height × width), in the order asked for. */
export async function fetchBands(
  tile: { id: string; height: number; width: number },
  bands: string[],
): Promise<Uint16Array[]> {
  const buffer = await answer(
    api.GET("/api/v1/tiles/{id}/bands", {
      params: { path: { id: tile.id }, query: { bands: bands.join(",") } },
      parseAs: "arrayBuffer",
    }),
  );
  const cells = tile.height * tile.width;
  requireOctets(buffer, 2 * cells * bands.length, "bands");
  return bands.map((_, k) => new Uint16Array(buffer, 2 * cells * k, cells));
}

/** The model's label plane (height × width), or null where there is none any more. */
export async function fetchPrelabel(tile: {
  id: string;
  height: number;
  width: number;
}): Promise<Uint8Array | null> {
  try {
    const buffer = await answer(
      api.GET("/api/v1/tiles/{id}/prelabel", {
        params: { path: { id: tile.id } },
        parseAs: "arrayBuffer",
      }),
    );
    requireOctets(buffer, tile.height * tile.width, "pre-label");
    return new Uint8Array(buffer);
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

export const thumbnailOf = (tile: string): string => `/api/v1/tiles/${tile}/thumbnail.png`;

export interface RoundPlan {
  strategy: string;
  batch?: number;
  /** Absent: the server draws one. */
  seed?: number;
}

export const startRound = (slug: string, plan: RoundPlan): Promise<Round> =>
  answer(api.POST("/api/v1/campaigns/{slug}/rounds", { params: { path: { slug } }, body: plan }));

export const cancelRound = (slug: string, n: number): Promise<Round> =>
  answer(
    api.POST("/api/v1/campaigns/{slug}/rounds/{n}/cancel", {
      params: { path: { slug, n } },
    }),
  );

/** How the campaign's CVAT server fares; a status of null: none is linked. */
export const fetchCvat = (slug: string): Promise<CvatLinked> =>
  answer(api.GET("/api/v1/campaigns/{slug}/cvat", { params: { path: { slug } } }));

export const fetchCvatHeld = (slug: string): Promise<CvatHeldPage> =>
  answer(api.GET("/api/v1/campaigns/{slug}/cvat/held", { params: { path: { slug } } }));

/** The newest models, with the champion beside them. */
export const fetchModels = (slug: string): Promise<ModelPage> =>
  answer(api.GET("/api/v1/campaigns/{slug}/models", { params: { path: { slug } } }));

export const promoteModel = (slug: string, hash: string, why: string): Promise<Model> =>
  answer(
    api.POST("/api/v1/campaigns/{slug}/models/{hash}/promote", {
      params: { path: { slug, hash } },
      body: { why },
    }),
  );

export const rollBackModel = (slug: string): Promise<Model> =>
  answer(
    api.POST("/api/v1/campaigns/{slug}/models/rollback", {
      params: { path: { slug } },
      body: { why: "" },
    }),
  );

function requireOctets(buffer: ArrayBuffer, octets: number, what: string): void {
  if (buffer.byteLength !== octets) {
    throw new Broken(
      `The ${what} came with ${buffer.byteLength} octets instead of ${octets}.`,
      "Reload the page; if it stays, tell whoever runs the workbench.",
    );
  }
}
