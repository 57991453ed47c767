import { useEffect, useState } from "preact/hooks";
import { serverNow } from "../../api/client";
import type { TaskStatus } from "../../api/types";
import {
  annotatePath,
  cataloguePath,
  leadPath,
  mapPath,
  minePath,
  qualityPath,
  reviewPath,
} from "../../route";
import { Synthetic } from "../../widgets/badge";
import { Button } from "../../widgets/button";
import { Thumb } from "../../widgets/thumb";
import { countdown, day } from "../../words";
import { choose, chosen, inHand, type Membership, me } from "./day";

/** A campaign: what is in hand there, and the one thing to do next. */
export function CampaignCard(membership: Membership) {
  const {
    campaign: { slug, name },
    role,
    level,
  } = membership;
  const held = inHand.value[slug];
  const several = (me.value?.memberships.length ?? 0) > 1;
  const isChosen = chosen.value?.campaign.slug === slug;
  return (
    <section class={`card campaign${isChosen && several ? " chosen" : ""}`} aria-label={name}>
      {held && <Thumb tile={held.tile.id} side={96} alt={`Tile in hand: ${held.tile.place}`} />}
      <div class="grow">
        <h2>{name}</h2>
        <p class="faint">
          You are {role === "annotator" ? "an annotator" : `a ${role}`} here
          {level > 1 ? `, level ${level}` : ""}.
        </p>
        {held && <InHand task={held} />}
        <nav class="row links" aria-label={`Pages of ${name}`}>
          {role !== "service" && <a href={minePath(slug)}>My work</a>}
          {(role === "reviewer" || role === "lead") && (
            <>
              <a href={cataloguePath(slug)}>Catalogue</a>
              <a href={mapPath(slug)}>Map</a>
              <a href={qualityPath(slug)}>Quality</a>
            </>
          )}
          {several && !isChosen && (
            <Button look="quiet" onClick={() => void choose(membership)}>
              Show my day here
            </Button>
          )}
        </nav>
      </div>
      <Doors slug={slug} role={role} held={held !== undefined} />
    </section>
  );
}

function Doors({ slug, role, held }: { slug: string; role: string; held: boolean }) {
  const reviews = role === "reviewer" || role === "lead";
  if (role === "service") return null;
  return (
    <div class="doors">
      {role === "lead" && (
        <a class="button" href={leadPath(slug)}>
          Lead page
        </a>
      )}
      {reviews && (
        <a class={`button ${role === "reviewer" ? "main large" : ""}`} href={reviewPath(slug)}>
          Review
        </a>
      )}
      <a class={`button ${role === "reviewer" ? "" : "main large"}`} href={annotatePath(slug)}>
        {held ? "Continue" : "Next tile"}
      </a>
    </div>
  );
}

function InHand({ task }: { task: TaskStatus }) {
  const left = useSecondsLeft(task.lease_ends);
  return (
    <p>
      In hand: <strong>{task.tile.place}</strong> · {day(task.tile.datetime)}{" "}
      {task.tile.synthetic && <Synthetic />}
      {left !== null && (
        <span class={left < task.warn_seconds ? "warn" : "faint"}>
          {" "}
          {left > 0 ? `${countdown(left)} left` : "the time is over; a finished label still counts"}
        </span>
      )}
    </p>
  );
}

/** Of a lease, by the server's clock, told anew each second; null: there is none. */
function useSecondsLeft(ends: string | null): number | null {
  const [now, setNow] = useState(serverNow());
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), 1000);
    return () => clearInterval(timer);
  }, []);
  return ends ? Math.max(0, (Date.parse(ends) - now) / 1000) : null;
}
