import { useEffect } from "preact/hooks";
import { cataloguePath } from "../../route";
import { theme, wear } from "../../theme";
import { Synthetic } from "../../widgets/badge";
import { Button } from "../../widgets/button";
import { Failure } from "../../widgets/failure";
import { NoticeBar } from "../../widgets/notice";
import { Places } from "../../widgets/places";
import { TopBar } from "../../widgets/topbar";
import "../catalogue/catalogue.css";
import { searchOf } from "../catalogue/filters";
import { FilterPanel } from "../catalogue/panel";
import { Board, fitAll } from "./board";
import { TileCard } from "./card";
import {
  busy,
  campaign,
  clearFilters,
  clicked,
  footprints,
  load,
  narrow,
  open,
  plan,
  problem,
  query,
  trouble,
} from "./desk";
import { Legend } from "./legend";
import "./map.css";
import { MODES, mode } from "./modes";
import { SendingBar } from "./sending";

wear(theme.value);

/** Where a campaign's tiles lie, coloured by how they fare; caught by a lasso, sent to a lane. */
export default function MapPage({ slug }: { slug: string }) {
  useEffect(() => {
    document.title = "Map · Cloudmask Workbench";
    void open(slug);
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [slug]);
  if (problem.value) return <Failure problem={problem.value} retry={() => void open(slug)} />;
  return (
    <main class="catalogue map">
      <TopBar
        title={
          <>
            {campaign.value?.name ?? "Map"} {campaign.value?.synthetic && <Synthetic />}
          </>
        }
      >
        <Places slug={slug} here="map" who={campaign.value?.role} />
      </TopBar>
      <FilterPanel
        query={query.value}
        narrow={(changed) => void narrow(changed)}
        clear={() => void clearFilters()}
      />
      <div class="mapframe" aria-busy={busy.value}>
        <Board />
        <Tools slug={slug} />
        <div class="mapside">
          <Legend />
          <TileCard />
        </div>
        <Told />
      </div>
      <SendingBar />
    </main>
  );
}

function Tools({ slug }: { slug: string }) {
  return (
    <div class="maptools" role="toolbar" aria-label="What dragging does">
      {MODES.map(({ mode: each, label, key, title }) => (
        <button
          key={each}
          type="button"
          class="button"
          aria-pressed={mode.value === each}
          title={`${title} (${key})`}
          onClick={() => {
            mode.value = each;
          }}
        >
          {label} <kbd>{key}</kbd>
        </button>
      ))}
      <Button title="Bring all tiles into sight (0)" onClick={fitAll}>
        All <kbd>0</kbd>
      </Button>
      <Button title="Ask the server again" onClick={() => void load()}>
        Renew
      </Button>
      <a class="button" href={cataloguePath(slug) + searchOf(query.value)}>
        As a list
      </a>
    </div>
  );
}

/** What went wrong, or that there is nothing to see, and what to do. */
function Told() {
  const close = () => {
    trouble.value = null;
  };
  if (trouble.value) {
    const { message, help } = trouble.value;
    return (
      <div class="maptold">
        <NoticeBar tone="error" title={message} text={help} close={close} />
      </div>
    );
  }
  if (busy.value || footprints.value?.count !== 0) return null;
  const lost = footprints.value.unplaced;
  return (
    <div class="maptold">
      <NoticeBar
        tone="info"
        title={
          lost ? "No tile with these filters has a known place." : "No tile fits these filters."
        }
        text="Clear a filter on the left."
      />
    </div>
  );
}

function onKey(event: KeyboardEvent): void {
  if (event.key === "Escape" && plan.value) {
    plan.value = null;
    return;
  }
  const typing = event.target instanceof Element && event.target.closest("input, select, textarea");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const wanted = MODES.find(({ key }) => key === event.key.toUpperCase());
  if (wanted) mode.value = wanted.mode;
  else if (event.key === "0") fitAll();
  else if (event.key === "Escape") {
    mode.value = "pan";
    clicked.value = null;
  }
}
