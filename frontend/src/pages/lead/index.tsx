import { useEffect } from "preact/hooks";
import { annotatePath } from "../../route";
import { otherTheme, theme, wear } from "../../theme";
import { Synthetic } from "../../widgets/badge";
import { Button } from "../../widgets/button";
import { Failure } from "../../widgets/failure";
import { SignOut } from "../../widgets/signout";
import { clockTime } from "../../words";
import { BatchPanel } from "./batch";
import { campaign, fetchedAt, isSynthetic, problem, progress, refresh, watch } from "./board";
import { ClassPanel, GrowthPanel } from "./counts";
import { CurvePanel } from "./curve";
import { CvatPanel } from "./cvat";
import { ModelsPanel } from "./models";
import { PeoplePanel } from "./people";
import { RoundsPanel } from "./rounds";
import { RoundPanel } from "./running";

wear(theme.value);

export default function LeadPage({ slug }: { slug: string }) {
  useEffect(() => watch(slug), [slug]);
  if (!progress.value) return <FirstLoad slug={slug} />;
  return (
    <main class="lead">
      <Header slug={slug} />
      {problem.value && (
        <p class="stale" role="alert">
          {problem.value.message} What you see is from {clockTime(fetchedAt.value)}; asking again by
          itself.
        </p>
      )}
      <div class="panels">
        <GrowthPanel progress={progress.value} />
        <ClassPanel progress={progress.value} />
        <RoundPanel progress={progress.value} slug={slug} />
        <CurvePanel progress={progress.value} />
        <div class="stack">
          <RoundsPanel progress={progress.value} />
          <PeoplePanel progress={progress.value} />
        </div>
        <ModelsPanel progress={progress.value} slug={slug} />
        <CvatPanel slug={slug} />
        <BatchPanel progress={progress.value} />
      </div>
    </main>
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
      <span class="faint">as of {clockTime(fetchedAt.value)}</span>
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
