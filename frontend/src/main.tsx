import { type ComponentType, render } from "preact";
import { type Route, routeOf } from "./route";
import "./styles.css";

type CampaignPage = ComponentType<{ slug: string }>;

/** Each page is a file of its own, fetched when it is asked for. */
const CAMPAIGN_PAGES: Record<string, () => Promise<{ default: CampaignPage }>> = {
  annotate: () => import("./pages/annotate"),
  catalogue: () => import("./pages/catalogue"),
  controls: () => import("./pages/controls"),
  lead: () => import("./pages/lead"),
  map: () => import("./pages/map"),
  mine: () => import("./pages/mine"),
  quality: () => import("./pages/quality"),
  review: () => import("./pages/review"),
};

async function pageFor(route: Route): Promise<ComponentType> {
  if (route.page === "home") return (await import("./pages/home")).default;
  if (route.page === "unknown") return NoPage;
  const { default: Page } = await CAMPAIGN_PAGES[route.page]();
  return () => <Page slug={route.campaign} />;
}

function NoPage() {
  return (
    <section class="sheet">
      <h1>There is no page at this address</h1>
      <p>
        <a class="button main" href="/">
          Home
        </a>
      </p>
    </section>
  );
}

function NotLoaded() {
  return (
    <section class="sheet" role="alert">
      <h1>The page could not be loaded</h1>
      <p>The network is down, or the workbench has just been renewed. Reload the page.</p>
    </section>
  );
}

function setFavicon(): void {
  if (document.querySelector("link[rel~=icon]")) return;
  const href = `${import.meta.env.BASE_URL}favicon.svg`;
  const link = Object.assign(document.createElement("link"), { rel: "icon", href });
  document.head.append(link);
}

setFavicon();
const root = document.getElementById("app")!;
pageFor(routeOf(location.pathname)).then(
  (Page) => render(<Page />, root),
  () => render(<NotLoaded />, root),
);
