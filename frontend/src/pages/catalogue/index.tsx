import { useEffect } from "preact/hooks";
import { leadPath, reviewPath } from "../../route";
import { theme, wear } from "../../theme";
import { Synthetic } from "../../widgets/badge";
import { Failure } from "../../widgets/failure";
import { TopBar } from "../../widgets/topbar";
import { ActionBar } from "./actions";
import "./catalogue.css";
import { CompareDialog } from "./compare";
import { campaign, compared, open, problem } from "./desk";
import { Grid } from "./gridview";
import { FilterPanel } from "./panel";

wear(theme.value);

/** All tiles of a campaign, small: narrowed down, ordered, chosen, compared. */
export default function CataloguePage({ slug }: { slug: string }) {
  useEffect(() => {
    document.title = "Catalogue · Cloudmask Workbench";
    void open(slug);
  }, [slug]);
  if (problem.value) return <Failure problem={problem.value} retry={() => void open(slug)} />;
  return (
    <main class="catalogue">
      <TopBar title={<>Catalogue {campaign.value?.synthetic && <Synthetic />}</>}>
        <span class="faint">{campaign.value?.name}</span>
        <a class="button quiet" href={reviewPath(slug)}>
          Review
        </a>
        {campaign.value?.role === "lead" && (
          <a class="button quiet" href={leadPath(slug)}>
            Lead page
          </a>
        )}
      </TopBar>
      <FilterPanel />
      <Grid />
      <ActionBar />
      {compared.value && <CompareDialog tile={compared.value} />}
    </main>
  );
}
