import { decodeRuns, encodeRuns } from "./editor/rle";

/** A drawing kept in this browser until it has been submitted. Planes are run-length encoded. */
export interface Draft {
  /** `<username>/<task id>`: nobody finds another person's drawing on a shared machine. */
  key: string;
  place: string;
  datetime: string | null;
  width: number;
  height: number;
  schemaVersion: number;
  label: Uint8Array;
  provenance: Uint8Array;
  /** Milliseconds since 1970. */
  savedAt: number;
  /** Version of the server's draft that this one goes on from; 0: there was none. */
  base?: number;
  /** Whether the server has all of it. */
  sent?: boolean;
}

const DAYS_KEPT = 30;
const STORE = "drafts";

/** The octets of two planes, made small. */
export function packPlanes(planes: { label: Uint8Array; provenance: Uint8Array }) {
  return { label: encodeRuns(planes.label), provenance: encodeRuns(planes.provenance) };
}

/** The planes of `draft`. A RangeError where they don't fill its size. */
export function unpackPlanes(draft: Draft) {
  const cells = draft.width * draft.height;
  return {
    label: decodeRuns(draft.label, cells),
    provenance: decodeRuns(draft.provenance, cells),
  };
}

export async function saveDraft(draft: Draft): Promise<void> {
  await inStore("readwrite", (store) => store.put(draft));
}

export async function findDraft(key: string): Promise<Draft | undefined> {
  return inStore<Draft | undefined>("readonly", (store) => store.get(key));
}

/** Put a draft that can't be read aside, so that it is neither in the way nor lost. */
export async function putAside(draft: Draft): Promise<void> {
  await saveDraft({ ...draft, key: `${draft.key}/unreadable` });
  await dropDraft(draft.key);
}

export async function dropDraft(key: string): Promise<void> {
  await inStore("readwrite", (store) => store.delete(key));
}

/** Forget drawings that nobody has touched for a month. */
export async function dropOldDrafts(now: number): Promise<void> {
  const drafts = await inStore<Draft[]>("readonly", (store) => store.getAll());
  const limit = now - DAYS_KEPT * 86_400_000;
  await Promise.all(
    drafts.filter((each) => each.savedAt < limit).map((each) => dropDraft(each.key)),
  );
}

let opened: Promise<IDBDatabase> | null = null;

function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("cloudmask-workbench", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function inStore<T>(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest,
): Promise<T> {
  const transaction = (await database()).transaction(STORE, mode);
  const request = act(transaction.objectStore(STORE));
  return new Promise((resolve, reject) => {
    // Complete, not only asked for: what is said to be saved is on the disk.
    transaction.oncomplete = () => resolve(request.result as T);
    transaction.onabort = () => reject(transaction.error);
  });
}
