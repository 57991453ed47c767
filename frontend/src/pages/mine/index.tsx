import { useEffect } from "preact/hooks";
import { annotatePath } from "../../route";
import { theme, wear } from "../../theme";
import { Failure } from "../../widgets/failure";
import { TopBar } from "../../widgets/topbar";
import { campaign, open, problem, work } from "./desk";
import { FeedbackPanel } from "./feedback";
import { DifficultyPanel, GoldPanel, PacePanel, ReworkPanel, ThroughputPanel } from "./panels";
import "./mine.css";

wear(theme.value);

/** A person's own page: what he did, how his labels meet known ones, why some came back. */
export default function MinePage({ slug }: { slug: string }) {
  useEffect(() => {
    document.title = "My work · Cloudmask Workbench";
    void open(slug);
  }, [slug]);
  if (problem.value) return <Failure problem={problem.value} retry={() => void open(slug)} />;
  return (
    <main class="mine">
      <TopBar title="My work">
        <span class="faint">{campaign.value?.name}</span>
        <a class="button" href={annotatePath(slug)}>
          Annotate
        </a>
      </TopBar>
      {work.value && campaign.value ? (
        <div class="panels">
          <ThroughputPanel work={work.value} />
          <PacePanel work={work.value} />
          <GoldPanel work={work.value} campaign={campaign.value} />
          <ReworkPanel work={work.value} />
          <DifficultyPanel work={work.value} />
          <FeedbackPanel slug={slug} />
        </div>
      ) : (
        <p class="sheet" aria-busy="true">
          Loading …
        </p>
      )}
    </main>
  );
}
