import { answer, answerIfAny, api } from "./client";
import { Broken, Refused } from "./problems";
import type { components } from "./schema";
import type { Task, Tile } from "./types";

export type Lease = components["schemas"]["Lease"];
export type Reference = components["schemas"]["Reference"];

const OCTETS = { "Content-Type": "application/octet-stream" };
const of = (id: string) => ({ params: { path: { id } } });

export const extendLease = (task: string): Promise<Lease> =>
  answer(api.POST("/api/v1/tasks/{id}/extend", of(task)));

/** Take a submitted label back, until its review opens. */
export const withdrawTask = (task: string): Promise<Task> =>
  answer(api.POST("/api/v1/tasks/{id}/withdraw", of(task)));

export const skipTask = (task: string, reason: string, note: string): Promise<unknown> =>
  answer(api.POST("/api/v1/tasks/{id}/skip", { ...of(task), body: { reason, note } }));

/** The clearest other date of the tile's place, and where its shadows should fall. */
export const fetchReference = (tile: string, campaign: string): Promise<Reference> =>
  answer(
    api.GET("/api/v1/tiles/{id}/reference", {
      params: { path: { id: tile }, query: { campaign } },
    }),
  );

/** An unfinished label as the server keeps it. */
export interface ServerDraft {
  /** 0: a label that was taken back, or that came back to be mended. */
  version: number;
  /** Milliseconds since 1970. */
  savedAt: number;
  schemaVersion: number;
  /** null: they are there, but can't be read. */
  planes: { label: Uint8Array; provenance: Uint8Array } | null;
}

/** The server's draft of `task`, or null where it has none. */
export async function fetchDraft(task: Task): Promise<ServerDraft | null> {
  const about = await answerIfAny(api.GET("/api/v1/tasks/{id}/draft", of(task.id)));
  if (!about) return null;
  const { version, saved, schema_version } = about;
  const planes = await draftPlanes(task);
  return { version, savedAt: Date.parse(saved), schemaVersion: schema_version, planes };
}

async function draftPlanes({ id, tile }: Task): Promise<ServerDraft["planes"]> {
  const call = api.GET("/api/v1/tasks/{id}/draft/label", { ...of(id), parseAs: "arrayBuffer" });
  const buffer = await answer(call).catch((problem: unknown) => {
    if (problem instanceof Refused || problem instanceof Broken) return null;
    throw problem;
  });
  const cells = tile.height * tile.width;
  if (buffer?.byteLength !== 2 * cells) return null;
  return { label: new Uint8Array(buffer, 0, cells), provenance: new Uint8Array(buffer, cells) };
}

/** How uncertain the model is in each block of the task's tile: 0 sure … 255 uncertain. */
export async function fetchHeat(task: string, blocks: number): Promise<Uint8Array> {
  const call = api.GET("/api/v1/tasks/{id}/heat", { ...of(task), parseAs: "arrayBuffer" });
  const levels = new Uint8Array(await answer(call));
  if (levels.length !== blocks) throw new Broken("The heat map came cut off.");
  return levels;
}

/** Keep `octets` (label, provenance) as the version after `base`; that version's number. */
export async function sendDraft(
  task: Task,
  octets: Uint8Array<ArrayBuffer>,
  base: number,
): Promise<number> {
  const { version } = await answer(
    api.POST("/api/v1/tasks/{id}/draft", {
      params: {
        path: { id: task.id },
        query: { version: base, schema_version: task.schema_version },
      },
      // The schema's "binary" has no type of its own in JSON Schema: octets go out as they are.
      body: octets as unknown as string,
      bodySerializer: (body) => body,
      headers: OCTETS,
    }),
  );
  return version;
}

export type Margin = { side: number; bands: Uint16Array[] };

/** What lies 256 pixels around the tile, every second pixel; 0 where nothing is known. */
export async function fetchMargin(tile: Tile, bands: string[]): Promise<Margin> {
  const buffer = await answer(
    api.GET("/api/v1/tiles/{id}/margin", {
      params: { path: { id: tile.id }, query: { bands: bands.join(",") } },
      parseAs: "arrayBuffer",
    }),
  );
  const cells = buffer.byteLength / 2 / bands.length;
  const side = Math.sqrt(cells);
  if (!Number.isInteger(side)) throw new Broken("The tile's surroundings came cut off.");
  return { side, bands: bands.map((_, k) => new Uint16Array(buffer, 2 * cells * k, cells)) };
}
