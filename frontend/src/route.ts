/** What the address asks for; the server has the same pages. */
export type Route =
  | { page: "home" }
  | { page: CampaignPage; campaign: string }
  | { page: "unknown" };

const CAMPAIGN_PAGES = [
  "annotate",
  "lead",
  "review",
  "catalogue",
  "mine",
  "quality",
  "map",
  "controls",
] as const;
type CampaignPage = (typeof CAMPAIGN_PAGES)[number];

export function routeOf(path: string): Route {
  const [page, campaign, ...more] = path.split("/").filter(Boolean);
  if (page === undefined) return { page: "home" };
  const known = CAMPAIGN_PAGES.find((each) => each === page);
  if (known && campaign && !more.length) {
    return { page: known, campaign: decodeURIComponent(campaign) };
  }
  return { page: "unknown" };
}

const pathTo = (page: CampaignPage) => (campaign: string) =>
  `/${page}/${encodeURIComponent(campaign)}`;
export const annotatePath = pathTo("annotate");
export const leadPath = pathTo("lead");
export const reviewPath = pathTo("review");
export const cataloguePath = pathTo("catalogue");
export const minePath = pathTo("mine");
export const qualityPath = pathTo("quality");
export const mapPath = pathTo("map");
export const controlsPath = pathTo("controls");
export const signInPath = () => `/login/?next=${encodeURIComponent(location.pathname)}`;
