import { fetchWork, type Work } from "../../api/lead";
import { fetchPairs } from "../../api/quality";
import type { Progress } from "../../api/types";
import { qualityPath } from "../../route";
import { useAnswer } from "../../widgets/asked";
import { Empty } from "../../widgets/card";
import { counted, day, duration, grouped } from "../../words";
import { Panel } from "./panel";
import { kappas, workRows } from "./peopledata";

/** Each person's time, pace, agreement with others, gold scores and drift. */
export function PeoplePanel({ slug, progress }: { slug: string; progress: Progress }) {
  const done = progress.people.map(({ submitted, in_hand }) => `${submitted}/${in_hand}`).join();
  const work = useAnswer(() => fetchWork(slug), [slug, done]);
  const pairs = useAnswer(() => fetchPairs(slug), [slug, done]);
  const agreed = kappas(pairs.value?.results ?? []);
  const inHand = new Map(progress.people.map((each) => [each.username, each.in_hand]));
  return (
    <Panel
      title="Who labels, and how well?"
      span="full"
      rows={{ href: qualityPath(slug), words: "agreement and gold" }}
      figures={work.value ? workRows(work.value, agreed) : []}
      problem={work.problem ?? pairs.problem}
      loading={work.loading}
    >
      {work.value?.length === 0 && (
        <Empty>Nobody is in this campaign yet. Add members in the administration.</Empty>
      )}
      {work.value && work.value.length > 0 && (
        <div class="sideways">
          <table class="numbers">
            <thead>
              <tr>
                <th scope="col">Person</th>
                <th scope="col">role</th>
                <th scope="col">labels</th>
                <th scope="col">reviews</th>
                <th scope="col">active</th>
                <th scope="col">labels an hour</th>
                <th scope="col" title="The team's usual time for tiles as hard, over the own">
                  pace
                </th>
                <th scope="col" title="Cohen's kappa, mean over the people labelled beside">
                  agreement
                </th>
                <th scope="col" title="Mean F1 on tiles whose label is known">
                  gold
                </th>
                <th scope="col">sent back</th>
                <th scope="col">in hand</th>
              </tr>
            </thead>
            <tbody>
              {work.value.map((person) => (
                <Person
                  key={person.username}
                  person={person}
                  kappa={agreed.get(person.username) ?? null}
                  inHand={inHand.get(person.username) ?? 0}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

interface PersonProps {
  person: Work;
  kappa: number | null;
  inHand: number;
}

function Person({ person, kappa, inHand }: PersonProps) {
  const { name, username, role, labelling, reviewing, pace, gold, rework, drift } = person;
  const seconds = labelling.active_seconds + reviewing.active_seconds;
  const reasons = Object.entries(rework).map(([reason, n]) => `${n} ${reason}`);
  return (
    <tr>
      <th scope="row">{name || username}</th>
      <td>{role}</td>
      <td>{grouped(labelling.done)}</td>
      <td>{grouped(reviewing.done)}</td>
      <td>{seconds ? duration(seconds) : "–"}</td>
      <td>{labelling.per_hour === null ? "–" : labelling.per_hour.toFixed(1)}</td>
      <td>{pace.factor === null ? "–" : `× ${pace.factor.toFixed(2)}`}</td>
      <td>{kappa === null ? "–" : kappa.toFixed(2)}</td>
      <td class={drift ? "warn" : ""} title={counted(gold.tiles, "gold tile")}>
        {gold.mean === null ? "–" : gold.mean.toFixed(2)}
        {drift && ` ↓ since ${day(drift)}`}
      </td>
      <td title={reasons.join(", ")}>{reasons.length ? grouped(total(rework)) : "–"}</td>
      <td>{inHand}</td>
    </tr>
  );
}

const total = (rework: Work["rework"]): number =>
  Object.values(rework).reduce((sum, n) => sum + n, 0);
