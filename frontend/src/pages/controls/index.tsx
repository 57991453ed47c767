import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { leadPath } from "../../route";
import { theme, wear } from "../../theme";
import { Synthetic } from "../../widgets/badge";
import { Failure } from "../../widgets/failure";
import { NoticeBar } from "../../widgets/notice";
import { Places } from "../../widgets/places";
import { TopBar } from "../../widgets/topbar";
import { AuditPanel } from "./audit";
import "./controls.css";
import { campaign, edits, open, problem, said, scheduleEdits, settings, trouble } from "./desk";
import { PeoplePanel } from "./people";
import { ReportPanel } from "./report";
import { RoundsPanel } from "./rounds";
import { SchedulePanel } from "./schedule";
import { SettingsPanel } from "./settings";
import { SnapshotsPanel } from "./snapshots";
import { TokensPanel } from "./tokens";

wear(theme.value);

const grouped = (groups: string[]) => () => <SettingsPanel groups={groups} />;

const SECTIONS: { id: string; name: string; Panel: ComponentType }[] = [
  { id: "round", name: "Rounds", Panel: Rounds },
  { id: "choosing", name: "What is chosen", Panel: grouped(["What is chosen"]) },
  { id: "goal", name: "Targets and scope", Panel: grouped(["Targets and scope"]) },
  { id: "queue", name: "Queue and lanes", Panel: grouped(["Shares of the lanes", "The queue"]) },
  { id: "review", name: "Review and checks", Panel: grouped(["Review", "Checks of a label"]) },
  {
    id: "quality",
    name: "Gold and agreement",
    Panel: grouped(["Gold, agreement and pre-labels"]),
  },
  { id: "promotion", name: "Promotion", Panel: grouped(["Promotion"]) },
  { id: "people", name: "People", Panel: PeoplePanel },
  { id: "programs", name: "Programs", Panel: TokensPanel },
  { id: "data", name: "Snapshots, releases", Panel: SnapshotsPanel },
  { id: "report", name: "Report", Panel: ReportPanel },
  { id: "events", name: "Who did what", Panel: AuditPanel },
];

const shown = signal(location.hash.slice(1));

function Rounds() {
  return (
    <>
      <RoundsPanel />
      <SchedulePanel />
    </>
  );
}

/** Everything that a lead may set, start, stop, give and take. */
export default function ControlsPage({ slug }: { slug: string }) {
  useEffect(() => {
    document.title = "Controls · Cloudmask Workbench";
    void open(slug);
    const turn = () => {
      shown.value = location.hash.slice(1);
      said.value = "";
      trouble.value = null;
    };
    window.addEventListener("hashchange", turn);
    window.addEventListener("beforeunload", guard);
    return () => {
      window.removeEventListener("hashchange", turn);
      window.removeEventListener("beforeunload", guard);
    };
  }, [slug]);
  if (problem.value) return <Failure problem={problem.value} retry={() => void open(slug)} />;
  const { id, Panel } = SECTIONS.find((each) => each.id === shown.value) ?? SECTIONS[0];
  return (
    <main class="controls">
      <TopBar
        title={
          <>
            {campaign.value?.name ?? "Controls"} {campaign.value?.synthetic && <Synthetic />}
          </>
        }
      >
        <Places slug={slug} here="controls" who={campaign.value?.role} />
      </TopBar>
      <nav class="sections" aria-label="Controls">
        {SECTIONS.map((each) => (
          <a
            key={each.id}
            href={`#${each.id}`}
            {...(each.id === id ? { "aria-current": "true" as const } : {})}
          >
            {each.name}
          </a>
        ))}
        <a href={`${leadPath(slug)}#work`}>CVAT ↗</a>
      </nav>
      <div class="controls-main">
        <Said />
        {settings.value ? (
          <Panel key={id} />
        ) : (
          <p class="empty" aria-busy="true">
            Loading …
          </p>
        )}
      </div>
    </main>
  );
}

/** What was done, or refused. */
function Said() {
  if (trouble.value) {
    return (
      <NoticeBar
        tone="error"
        title={trouble.value.message}
        text={trouble.value.help}
        close={() => {
          trouble.value = null;
        }}
      />
    );
  }
  return (
    <p role="status" class={said.value ? "note" : "unseen"}>
      {said.value}
    </p>
  );
}

/** Typed settings are not lost by a wrong click. */
function guard(event: BeforeUnloadEvent): void {
  const typed = { ...edits.value, ...scheduleEdits.value };
  if (Object.keys(typed).length > 0) event.preventDefault();
}
