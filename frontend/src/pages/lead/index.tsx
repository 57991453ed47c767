import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { fetchGrowth, fetchMonitor } from "../../api/lead";
import type { Progress } from "../../api/types";
import { annotatePath } from "../../route";
import { otherTheme, theme, wear } from "../../theme";
import { useAnswer } from "../../widgets/asked";
import { Synthetic } from "../../widgets/badge";
import { Button } from "../../widgets/button";
import { Failure } from "../../widgets/failure";
import { Places } from "../../widgets/places";
import { SignOut } from "../../widgets/signout";
import { clockTime } from "../../words";
import { AlertsPanel } from "./alerts";
import { BatchPanel } from "./batch";
import { campaign, fetchedAt, isSynthetic, problem, progress, refresh, watch } from "./board";
import { CalibrationPanel } from "./calibration";
import { ComparisonPanels } from "./comparison";
import { CurvePanel } from "./curve";
import { CvatPanel } from "./cvat";
import { ClassPanel, GrowthPanel, SpreadPanel } from "./growth";
import { JobsPanel } from "./jobs";
import { ModelCardPanel } from "./modelcard";
import { ModelsPanel } from "./models";
import { ControlPanel, monitored, RandomPanel, StoppingPanel } from "./monitor";
import { PeoplePanel } from "./people";
import { QueuePanel } from "./queue";
import { RoundsPanel } from "./rounds";
import { RoundPanel } from "./running";
import "./lead.css";

wear(theme.value);

export default function LeadPage({ slug }: { slug: string }) {
  useEffect(() => watch(slug), [slug]);
  if (!progress.value) return <FirstLoad slug={slug} />;
  return (
    <main class="lead">
      <Header slug={slug} />
      <PartsBar />
      {problem.value && (
        <p class="stale" role="alert">
          {problem.value.message} What you see is from {clockTime(fetchedAt.value)}; asking again by
          itself.
        </p>
      )}
      <Panels slug={slug} progress={progress.value} />
    </main>
  );
}

const PARTS = [
  ["now", "Now"],
  ["data", "Data"],
  ["model", "Model"],
  ["work", "People"],
  ["batch", "Batch"],
] as const;

function Panels({ slug, progress }: { slug: string; progress: Progress }) {
  const { labelled } = progress.tiles;
  const growth = useAnswer(() => fetchGrowth(slug), [slug, labelled, progress.counted]);
  const measured = progress.rounds.filter(({ model }) => model).length;
  const monitor = useAnswer(() => fetchMonitor(slug), [slug, monitored(progress)]);
  const asked = { slug, progress };
  // The part that the address names is there only now.
  useEffect(() => document.getElementById(location.hash.slice(1))?.scrollIntoView(), []);
  return (
    <>
      <Part id="now" title="Now">
        <AlertsPanel {...asked} />
        <RoundPanel {...asked} />
        <JobsPanel {...asked} />
        <QueuePanel {...asked} />
      </Part>
      <Part id="data" title="Data">
        <GrowthPanel {...asked} growth={growth} />
        <ClassPanel slug={slug} growth={growth} />
        <SpreadPanel slug={slug} growth={growth} />
      </Part>
      <Part id="model" title="Model">
        <CurvePanel {...asked} />
        <RoundsPanel progress={progress} />
        <ModelsPanel {...asked} />
        <ModelCardPanel slug={slug} />
        <ControlPanel slug={slug} monitor={monitor} />
        <RandomPanel slug={slug} monitor={monitor} />
        <StoppingPanel slug={slug} monitor={monitor} />
        <CalibrationPanel {...asked} />
        <ComparisonPanels slug={slug} done={measured} />
      </Part>
      <Part id="work" title="People">
        <PeoplePanel {...asked} />
        <CvatPanel slug={slug} />
      </Part>
      <Part id="batch" title="Batch">
        <BatchPanel {...asked} />
      </Part>
    </>
  );
}

interface PartProps {
  id: string;
  title: string;
  children: ComponentChildren;
}

/** A part of the page that the bar leads to. */
function Part({ id, title, children }: PartProps) {
  return (
    <section id={id} class="part" aria-label={title}>
      <div class="panels">{children}</div>
    </section>
  );
}

function FirstLoad({ slug }: { slug: string }) {
  if (problem.value) {
    return <Failure problem={problem.value} retry={() => void refresh(slug)} />;
  }
  return (
    <p class="sheet" aria-busy="true">
      Loading …
    </p>
  );
}

function Header({ slug }: { slug: string }) {
  return (
    <header class="leadbar">
      <a class="back" href="/" aria-label="Home" title="Home">
        ◀
      </a>
      <h1>
        {campaign.value?.name} {isSynthetic.value && <Synthetic />}
      </h1>
      <span class="grow" />
      <Places slug={slug} here="lead" who="lead" />
      <Button look="quiet" onClick={() => wear(otherTheme())}>
        {otherTheme() === "light" ? "Light" : "Dark"}
      </Button>
      <a class="button" href={annotatePath(slug)}>
        Annotate
      </a>
      <SignOut />
    </header>
  );
}

function PartsBar() {
  return (
    <div class="partsbar">
      <nav class="parts-of-page" aria-label="Parts of the page">
        {PARTS.map(([id, words]) => (
          <a key={id} href={`#${id}`}>
            {words}
          </a>
        ))}
      </nav>
      <span class="grow" />
      <span class="faint">as of {clockTime(fetchedAt.value)}</span>
    </div>
  );
}
