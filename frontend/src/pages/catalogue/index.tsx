import { useEffect } from "preact/hooks";
import { theme, wear } from "../../theme";
import { Synthetic } from "../../widgets/badge";
import { Failure } from "../../widgets/failure";
import { Places } from "../../widgets/places";
import { TopBar } from "../../widgets/topbar";
import { ActionBar } from "./actions";
import "./catalogue.css";
import { CompareDialog } from "./compare";
import { campaign, clearFilters, compared, narrow, open, problem, query } from "./desk";
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
      <TopBar
        title={
          <>
            {campaign.value?.name ?? "Catalogue"} {campaign.value?.synthetic && <Synthetic />}
          </>
        }
      >
        <Places slug={slug} here="catalogue" who={campaign.value?.role} />
      </TopBar>
      <FilterPanel
        query={query.value}
        narrow={(changed) => void narrow(changed)}
        clear={() => void clearFilters()}
        ordered
      />
      <Grid />
      <ActionBar />
      {compared.value && <CompareDialog tile={compared.value} />}
    </main>
  );
}
