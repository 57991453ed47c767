import { type ComponentType, render } from "preact";
import { type Route, routeOf } from "./route";
import "./styles.css";

/** Each page is a file of its own, fetched when it is asked for. */
async function pageFor(route: Route): Promise<ComponentType> {
  switch (route.page) {
    case "home":
      return (await import("./pages/home")).default;
    case "annotate": {
      const { default: AnnotatePage } = await import("./pages/annotate");
      return () => <AnnotatePage slug={route.campaign} />;
    }
    case "lead": {
      const { default: LeadPage } = await import("./pages/lead");
      return () => <LeadPage slug={route.campaign} />;
    }
    case "unknown":
      return () => <NoPage />;
  }
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
