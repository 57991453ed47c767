import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { fetchMe, fetchTask, thumbnailOf } from "../api/calls";
import { type Problem, problemOfThrown } from "../api/problems";
import type { Me } from "../api/types";
import { type InHand, recallInHand } from "../inhand";
import { annotatePath, leadPath } from "../route";
import { Failure } from "../widgets/failure";
import { SignOut } from "../widgets/signout";

type Membership = Me["memberships"][number];

const me = signal<Me | null>(null);
const problem = signal<Problem | null>(null);
/** Campaigns' slugs with the tile in hand there. */
const inHand = signal<Record<string, InHand>>({});

export default function HomePage() {
  useEffect(() => {
    document.title = "Cloudmask Workbench";
    void start();
  }, []);
  if (problem.value) return <Failure problem={problem.value} retry={() => void start()} />;
  if (!me.value) return <p class="sheet">Loading …</p>;
  return (
    <main class="home">
      <header>
        <h1>Cloudmask Workbench</h1>
        <span class="grow" />
        <span>
          {me.value.name || me.value.username} <span class="faint">({me.value.username})</span>
        </span>
        <SignOut />
      </header>
      {me.value.memberships.length === 0 && <NoCampaign superuser={me.value.is_superuser} />}
      {me.value.memberships.map((membership) => (
        <CampaignCard key={membership.campaign.slug} {...membership} />
      ))}
    </main>
  );
}

function CampaignCard({ campaign: { slug, name }, role, level }: Membership) {
  const held = inHand.value[slug];
  return (
    <section class="card campaign">
      {held && <img src={thumbnailOf(held.tile)} alt="" width="96" height="96" />}
      <div class="grow">
        <h2>{name}</h2>
        <p class="faint">
          You are {role === "annotator" ? "an annotator" : `a ${role}`} here
          {level > 1 ? `, level ${level}` : ""}.
        </p>
        {held && <p>In hand: {held.place}</p>}
      </div>
      {role === "lead" && (
        <a class="button" href={leadPath(slug)}>
          Lead page
        </a>
      )}
      {role !== "service" && (
        <a class="button main large" href={annotatePath(slug)}>
          {held ? "Continue" : "Next tile"}
        </a>
      )}
    </section>
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

async function start(): Promise<void> {
  problem.value = null;
  try {
    me.value = await fetchMe();
  } catch (error) {
    problem.value = problemOfThrown(error);
    return;
  }
  const { username, memberships } = me.value;
  const found = await Promise.all(
    memberships.map(async ({ campaign: { slug } }) => [slug, await stillInHand(username, slug)]),
  );
  inHand.value = Object.fromEntries(found.filter(([, held]) => held));
}

// The browser remembers what was in hand; only the server knows whether it still is. Where it
// can't be asked, "Next tile" leads to the same place.
async function stillInHand(username: string, slug: string): Promise<InHand | null> {
  const remembered = recallInHand(localStorage, username, slug);
  if (!remembered) return null;
  const task = await fetchTask(remembered.task).catch(() => null);
  return task?.state === "reserved" && task.hold === "active" ? remembered : null;
}
