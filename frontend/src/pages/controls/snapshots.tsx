import { useEffect, useState } from "preact/hooks";
import {
  createSnapshot,
  fetchDiff,
  fetchSnapshotJob,
  fetchSnapshots,
  type Snapshot,
  type SnapshotDiff,
} from "../../api/controls";
import { Button } from "../../widgets/button";
import { Card, Empty } from "../../widgets/card";
import { grouped, moment } from "../../words";
import { busy, campaign, said, trying } from "./desk";
import { ExportsCard } from "./exports";
import { followed } from "./following";
import { ReleasesCard } from "./releases";

/** Frozen training sets: made, compared, exported, released. */
export function SnapshotsPanel() {
  const { slug } = campaign.value!;
  const [snapshots, setSnapshots] = useState<Snapshot[] | null>(null);
  const [chosen, setChosen] = useState<string[]>([]);
  const renew = async () => setSnapshots((await fetchSnapshots(slug)).results);
  useEffect(() => void trying(renew), [slug]);
  const toggle = (hash: string) =>
    setChosen(
      chosen.includes(hash) ? chosen.filter((each) => each !== hash) : [...chosen, hash].slice(-2),
    );
  return (
    <>
      <Card title="Which labels are frozen?" span="full">
        {snapshots?.length === 0 && <Empty>No snapshot yet: freeze one below.</Empty>}
        {snapshots && snapshots.length > 0 && (
          <div class="scroll">
            <table class="numbers people">
              <thead>
                <tr>
                  <th scope="col">Snapshot</th>
                  <th scope="col">made</th>
                  <th scope="col">labels</th>
                  <th scope="col">pool</th>
                  <th scope="col">validation</th>
                  <th scope="col">test</th>
                  <th scope="col">choose</th>
                </tr>
              </thead>
              <tbody>
                {snapshots.map(({ hash, created, counts }) => (
                  <tr key={hash}>
                    <th scope="row">
                      <code>{hash.slice(0, 12)}</code>
                    </th>
                    <td>{moment(created)}</td>
                    {["samples", "pool", "validation", "test"].map((name) => (
                      <td key={name}>{grouped(Number(counts[name] ?? 0))}</td>
                    ))}
                    <td>
                      <input
                        type="checkbox"
                        aria-label={`Choose ${hash.slice(0, 12)}`}
                        checked={chosen.includes(hash)}
                        onChange={() => toggle(hash)}
                      />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        <Freezing renew={renew} />
        {chosen.length === 2 && (
          <Difference key={chosen.join()} first={chosen[0]} second={chosen[1]} />
        )}
        {snapshots && snapshots.length > 1 && chosen.length < 2 && (
          <p class="hint">Choose one to export or release it, two to compare them.</p>
        )}
      </Card>
      {chosen.length === 1 && <ExportsCard key={chosen[0]} hash={chosen[0]} />}
      <ReleasesCard snapshot={chosen.length === 1 ? chosen[0] : null} />
    </>
  );
}

function Freezing({ renew }: { renew: () => Promise<void> }) {
  const { slug } = campaign.value!;
  const [accepted, setAccepted] = useState(true);
  const [trust, setTrust] = useState("0");
  const least = Number(trust);
  const fits = trust.trim() !== "" && least >= 0 && least <= 1;
  const freeze = () =>
    void trying(async () => {
      const rule = { min_trust: least, ...(accepted ? { states: ["accepted"] } : {}) };
      const { id } = await createSnapshot(slug, rule);
      const done = await followed(
        () => fetchSnapshotJob(slug, id),
        ({ state, progress }) => {
          said.value = `Freezing: ${state}${progressWords(progress)} …`;
        },
      );
      await renew();
      said.value = `Snapshot ${(done.snapshot ?? "").slice(0, 12)} is made.`;
    });
  return (
    <div class="start">
      <label>
        Which labels
        <select
          value={String(accepted)}
          onChange={({ currentTarget }) => setAccepted(currentTarget.value === "true")}
        >
          <option value="true">accepted ones, and imports</option>
          <option value="false">all that a round learns from</option>
        </select>
      </label>
      <label>
        Least trust, 0…1
        <input
          inputMode="decimal"
          value={trust}
          aria-invalid={!fits}
          onInput={({ currentTarget }) => setTrust(currentTarget.value)}
        />
      </label>
      <Button look="main" disabled={busy.value || !fits} onClick={freeze}>
        Freeze a snapshot
      </Button>
    </div>
  );
}

function progressWords(progress: Record<string, unknown>): string {
  const { done, total } = progress;
  return typeof done === "number" && typeof total === "number" ? `, ${done} of ${total}` : "";
}

function Difference({ first, second }: { first: string; second: string }) {
  const [found, setFound] = useState<SnapshotDiff | null>(null);
  useEffect(
    () =>
      void trying(async () => {
        setFound(await fetchDiff(first, second));
      }),
    [],
  );
  if (!found) return <Empty>Comparing …</Empty>;
  const rows = [
    ["added", found.added.count],
    ["removed", found.removed.count],
    ["with another label", found.relabelled.count],
    ["with other imagery", found.reread.count],
    ["unchanged", found.unchanged],
  ] as const;
  return (
    <div class="plan">
      <h3>
        From <code>{first.slice(0, 12)}</code> to <code>{second.slice(0, 12)}</code>
      </h3>
      <ul class="chips">
        {rows.map(([name, n]) => (
          <li key={name}>
            <strong>{grouped(n)}</strong> {name}
          </li>
        ))}
      </ul>
      <ul class="chips">
        {Object.entries(found.pixels).map(([name, pixels]) => (
          <li key={name}>
            {name} <strong>{signed((pixels as { change: number }).change)}</strong> pixels
          </li>
        ))}
      </ul>
    </div>
  );
}

const signed = (n: number) => `${n < 0 ? "−" : "+"}${grouped(Math.abs(n))}`;
