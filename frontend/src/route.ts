/** What the address asks for; the server has the same three pages. */
export type Route =
  | { page: "home" }
  | { page: "annotate"; campaign: string }
  | { page: "lead"; campaign: string }
  | { page: "unknown" };

export function routeOf(path: string): Route {
  const [page, campaign, ...more] = path.split("/").filter(Boolean);
  if (page === undefined) return { page: "home" };
  if ((page === "annotate" || page === "lead") && campaign && !more.length) {
    return { page, campaign: decodeURIComponent(campaign) };
  }
  return { page: "unknown" };
}

export const annotatePath = (campaign: string) => `/annotate/${encodeURIComponent(campaign)}`;
export const leadPath = (campaign: string) => `/lead/${encodeURIComponent(campaign)}`;
export const signInPath = () => `/login/?next=${encodeURIComponent(location.pathname)}`;
