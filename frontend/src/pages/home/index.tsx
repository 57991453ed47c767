import { useEffect } from "preact/hooks";
import type { Me } from "../../api/types";
import { theme, wear } from "../../theme";
import { Failure } from "../../widgets/failure";
import { SignOut } from "../../widgets/signout";
import { ThemeButton } from "../../widgets/topbar";
import { CampaignCard } from "./campaigncard";
import { chosen, chosenCampaign, me, problem, start } from "./day";
import { FeedbackPanel } from "./feedback";
import { GuidePanel } from "./guide";
import { TodayPanel } from "./today";
import "./home.css";

wear(theme.value);

export default function HomePage() {
  useEffect(() => {
    document.title = "Cloudmask Workbench";
    void start();
  }, []);
  if (problem.value) return <Failure problem={problem.value} retry={() => void start()} />;
  if (!me.value) return <p class="sheet">Loading …</p>;
  return (
    <main class="home">
      <Header me={me.value} />
      {me.value.memberships.length === 0 && <NoCampaign superuser={me.value.is_superuser} />}
      {me.value.memberships.map((membership) => (
        <CampaignCard key={membership.campaign.slug} {...membership} />
      ))}
      {chosen.value && chosenCampaign.value && <Details />}
    </main>
  );
}

function Header({ me: { name, username } }: { me: Me }) {
  return (
    <header>
      <h1>Cloudmask Workbench</h1>
      <span class="grow" />
      <span>
        {name || username} <span class="faint">({username})</span>
      </span>
      <ThemeButton />
      <SignOut />
    </header>
  );
}

/** What there is to know about one campaign; a service has no day of its own. */
function Details() {
  const membership = chosen.value!;
  if (membership.role === "service") return null;
  return (
    <div class="home-columns">
      <div class="stack">
        <TodayPanel />
        <FeedbackPanel />
      </div>
      <GuidePanel />
    </div>
  );
}

function NoCampaign({ superuser }: { superuser: boolean }) {
  return (
    <section class="card">
      <h2>{superuser ? "There is no campaign yet" : "You are in no campaign yet"}</h2>
      <p>
        {superuser
          ? "Make one in the administration, or start “make demo”."
          : "Ask your lead to add you; then reload this page."}
      </p>
    </section>
  );
}
