import { useEffect } from "preact/hooks";
import { theme, wear } from "../../theme";
import { Synthetic } from "../../widgets/badge";
import { Failure } from "../../widgets/failure";
import { NoticeBar } from "../../widgets/notice";
import { Places } from "../../widgets/places";
import { TopBar } from "../../widgets/topbar";
import { AgreementPanel, PairsPanel } from "./agreement";
import { agreement, campaign, flags, gold, open, pairs, problem, trouble, waiting } from "./desk";
import { DoubtedPanel } from "./doubted";
import { FlagsPanel } from "./flags";
import { GoldPanel } from "./gold";
import { HintsPanel } from "./hints";
import "./quality.css";
import { SkipRatesPanel } from "./skiprates";
import { WaitingPanel } from "./waiting";

wear(theme.value);

/** What waits for a decision, and how far labels can be trusted. */
export default function QualityPage({ slug }: { slug: string }) {
  useEffect(() => {
    document.title = "Quality · Cloudmask Workbench";
    void open(slug);
  }, [slug]);
  if (problem.value) return <Failure problem={problem.value} retry={() => void open(slug)} />;
  const leads = campaign.value?.role === "lead";
  return (
    <main class="quality">
      <TopBar
        title={
          <>
            {campaign.value?.name ?? "Quality"} {campaign.value?.synthetic && <Synthetic />}
          </>
        }
      >
        <Places slug={slug} here="quality" who={campaign.value?.role} />
      </TopBar>
      {trouble.value && (
        <NoticeBar
          tone="error"
          title={trouble.value.message}
          text={trouble.value.help}
          close={() => {
            trouble.value = null;
          }}
        />
      )}
      {waiting.value && flags.value ? (
        <div class="panels">
          <WaitingPanel slug={slug} rows={waiting.value} />
          <FlagsPanel flags={flags.value} />
          {agreement.value && <AgreementPanel found={agreement.value} />}
          <SkipRatesPanel slug={slug} />
          {pairs.value && <PairsPanel pairs={pairs.value} />}
          {leads && <HintsPanel slug={slug} />}
          {gold.value && <GoldPanel gold={gold.value} />}
          {leads && <DoubtedPanel slug={slug} />}
        </div>
      ) : (
        <p class="sheet" aria-busy="true">
          Loading …
        </p>
      )}
    </main>
  );
}
