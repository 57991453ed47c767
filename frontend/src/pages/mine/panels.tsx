import type { OwnWork } from "../../api/own";
import type { Campaign } from "../../api/types";
import { type Bar, Bars } from "../../widgets/bars";
import { Card, Empty } from "../../widgets/card";
import { counted, duration, percent } from "../../words";
import { said } from "./desk";

const DIFFICULTIES = ["easy", "rather easy", "middling", "hard", "a guess"];

interface PanelProps {
  work: OwnWork;
}

/** Labels and reviews, and the time they took. */
export function ThroughputPanel({ work: { labelling, reviewing } }: PanelProps) {
  const rows = [
    ["Labels", labelling],
    ["Reviews", reviewing],
  ] as const;
  return (
    <Card title="How much have I done?">
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">work</th>
            <th scope="col">done</th>
            <th scope="col">worked</th>
            <th scope="col">paused</th>
            <th scope="col">an hour</th>
          </tr>
        </thead>
        <tbody>
          {rows
            .filter(([name, { done }]) => name === "Labels" || done > 0)
            .map(([name, { done, active_seconds, idle_seconds, per_hour }]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{done}</td>
                <td>{duration(active_seconds)}</td>
                <td>{duration(idle_seconds)}</td>
                <td>{per_hour === null ? "–" : per_hour.toFixed(1)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </Card>
  );
}

/** Pace on tiles as hard as one's own: no haste is asked for. */
export function PacePanel({ work: { pace } }: PanelProps) {
  return (
    <Card title="How is my pace, for tiles as hard?">
      {pace.factor === null ? (
        <Empty>It can be said after your first labels.</Empty>
      ) : (
        <>
          <p class="figure">
            <strong>{pace.factor.toFixed(2)} ×</strong>
          </p>
          <p>
            the team’s pace, over {counted(pace.labels, "label")}. Above 1 is quicker. Tiles are
            compared with tiles as hard, so a hard one costs you nothing.
          </p>
        </>
      )}
    </Card>
  );
}

/** By class, on tiles whose label is known. */
export function GoldPanel({ work: { gold }, campaign }: PanelProps & { campaign: Campaign }) {
  const bars: Bar[] = campaign.schema.classes.flatMap(({ code, name, colour }) => {
    const score = gold.classes[String(code)] ?? null;
    return score === null ? [] : [{ name, share: score, shown: score.toFixed(2), colour }];
  });
  return (
    <Card
      title="How do my labels meet known ones?"
      note={gold.tiles > 0 && counted(gold.tiles, "tile")}
    >
      {gold.tiles === 0 ? (
        <Empty>After five tiles whose label is known. They come among the others.</Empty>
      ) : (
        <>
          <Bars bars={bars} caption="F1 by class, 0 to 1" />
          <p class="hint">
            F1 by class, 0–1; borders may be off by a little.
            {gold.named !== null && ` You named ${percent(gold.named)} of the pixels.`}
          </p>
        </>
      )}
    </Card>
  );
}

/** Why labels came back. */
export function ReworkPanel({ work: { rework } }: PanelProps) {
  const found = Object.entries(rework);
  const most = Math.max(...found.map(([, n]) => n), 1);
  const bars = found.map(([reason, n]) => ({
    name: said.value?.reasons[reason] ?? reason,
    share: n / most,
    shown: String(n),
  }));
  return (
    <Card title="Why did labels come back?">
      {found.length === 0 ? (
        <Empty>None has come back so far.</Empty>
      ) : (
        <Bars bars={bars} caption="Labels rejected, by reason" />
      )}
    </Card>
  );
}

/** How hard one found the tiles oneself. */
export function DifficultyPanel({ work: { difficulty } }: PanelProps) {
  const most = Math.max(...Object.values(difficulty), 1);
  const bars = DIFFICULTIES.map((name, k) => {
    const n = difficulty[String(k + 1)] ?? 0;
    return { name, share: n / most, shown: String(n) };
  });
  return (
    <Card title="How hard were my tiles?" span="wide">
      {Object.keys(difficulty).length === 0 ? (
        <Empty>You may say so when you hand a label in.</Empty>
      ) : (
        <Bars bars={bars} caption="Labels by how hard you found them" />
      )}
    </Card>
  );
}
