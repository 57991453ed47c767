import createClient from "openapi-fetch";
import { Broken, problemOf, problemOfThrown } from "./problems";
import type { paths } from "./schema";

export const api = createClient<paths>({ baseUrl: "/", credentials: "same-origin" });

/** How far the server's clock is ahead of this machine's, in milliseconds. */
let clockAhead = 0;

/** The server's time, as well as the last answer told it. */
export const serverNow = (): number => Date.now() + clockAhead;

api.use({
  onRequest({ request }) {
    if (request.method === "GET") return;
    request.headers.set("X-CSRFToken", cookie("csrftoken"));
    if (!request.headers.has("Idempotency-Key")) {
      request.headers.set("Idempotency-Key", freshKey());
    }
  },
  onResponse({ response }) {
    const date = Date.parse(response.headers.get("Date") ?? "");
    // The header has whole seconds: on the average half a second is cut off.
    if (!Number.isNaN(date)) clockAhead = date + 500 - Date.now();
  },
});

interface Outcome<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What the server answered. Throws the Problem that there was instead. */
export async function answer<T>(call: Promise<Outcome<T>>): Promise<T> {
  const { data, error, response } = await call.catch((thrown: unknown) => {
    throw problemOfThrown(thrown);
  });
  if (!response.ok) throw problemOf(response.status, error);
  if (data === undefined) throw new Broken("The server's answer is empty.");
  return data;
}

/** As `answer`, but null where the server says that there is nothing (204). */
export async function answerIfAny<T>(call: Promise<Outcome<T>>): Promise<T | null> {
  const outcome = await call.catch((thrown: unknown) => {
    throw problemOfThrown(thrown);
  });
  return outcome.response.status === 204 ? null : answer(Promise.resolve(outcome));
}

/** A random UUID. (`crypto.randomUUID` is missing where the page isn't served over TLS.) */
export function freshKey(): string {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  octets[6] = (octets[6] & 0x0f) | 0x40;
  octets[8] = (octets[8] & 0x3f) | 0x80;
  const hex = [...octets].map((octet) => octet.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The value of a cookie, read anew each time: signing in changes it. */
export function cookie(name: string): string {
  const entry = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return entry ? decodeURIComponent(entry.slice(name.length + 1)) : "";
}
