import type { Monitor } from "../../api/lead";
import type { Progress } from "../../api/types";
import { cataloguePath } from "../../route";
import type { Answered } from "../../widgets/asked";
import { Empty } from "../../widgets/card";
import { Chart } from "../../widgets/chart";
import { counted, duration, percent } from "../../words";
import {
  controlLines,
  controlRows,
  points,
  randomRows,
  rangeOf,
  STANDINGS,
  stoppingRows,
  VERDICTS,
} from "./monitordata";
import { Panel } from "./panel";

interface MonitorProps {
  slug: string;
  monitor: Answered<Monitor>;
}

/** How good the model is on the pool, by control tiles that it hadn't seen, beside chosen ones. */
export function ControlPanel({ slug, monitor: { value, problem, loading } }: MonitorProps) {
  const control = value?.control;
  return (
    <Panel
      title="How good is it on the whole pool?"
      note={control?.now && `${counted(control.now.tiles, "control tile")}`}
      rows={{ href: `${cataloguePath(slug)}?lane=control`, words: "control tiles" }}
      figures={control ? controlRows(control) : []}
      listed
      problem={problem}
      loading={loading}
    >
      {control && control.rounds.length === 0 && (
        <Empty>
          Control tiles tell it: a tenth of each batch is drawn by lot. None is labelled.
        </Empty>
      )}
      {control && control.rounds.length > 0 && (
        <Chart
          x={control.rounds.map(({ round }) => round)}
          xLabel="round"
          yLabel="share, IoU"
          range={[0, 1]}
          height={240}
          said={(value) => value.toFixed(3)}
          lines={controlLines(control)}
          words={control.text}
        />
      )}
      {control && (
        <p class="hint">
          {control.text}
          {control.chosen?.accuracy != null &&
            ` On ${counted(control.chosen.tiles, "chosen tile")}, which are harder, its accuracy is ${control.chosen.accuracy.toFixed(3)}.`}
          {control.waiting > 0 &&
            ` ${counted(control.waiting, "control tile waits", "control tiles wait")}.`}
        </p>
      )}
    </Panel>
  );
}

/** Whether chosen tiles teach more than as many drawn by lot. */
export function RandomPanel({ monitor: { value, problem, loading } }: MonitorProps) {
  const random = value?.random;
  return (
    <Panel
      title="Does choosing still beat random?"
      figures={random ? randomRows(random) : []}
      problem={problem}
      loading={loading}
    >
      {random && (
        <>
          <p class="figure">
            <strong class={`standing ${random.state}`}>{STANDINGS[random.state]}</strong>
          </p>
          {random.pairs > 0 && <Interval random={random} />}
          <p>{random.text}</p>
          <p class="hint">
            By {counted(random.pairs, "pair")} of tiles so far the smallest difference that could
            show is {points(random.detectable)}; {points(random.matters)} would matter.
            {random.needed !== null && ` About ${counted(random.needed, "more pair")} decide it`}
            {random.needed !== null &&
              random.days !== null &&
              `, in about ${counted(random.days, "day")}`}
            {random.needed !== null && "."}
          </p>
        </>
      )}
    </Panel>
  );
}

const WIDTH = 240; // units of the drawing

/** The interval of the difference around no difference. */
function Interval({ random: { low, high, matters } }: { random: Monitor["random"] }) {
  const reach = Math.max(Math.abs(low), Math.abs(high), matters) * 1.15 || 0.01;
  const at = (value: number) => WIDTH / 2 + (WIDTH / 2) * (value / reach);
  const words = `Chosen less random, accuracy: from ${points(low)} to ${points(high)}`;
  return (
    <svg class="duel" viewBox={`0 0 ${WIDTH} 34`} role="img" aria-label={words}>
      <title>{words}</title>
      <line class="zero" x1={at(0)} x2={at(0)} y1="0" y2="20" />
      <rect
        class="band"
        x={at(low)}
        y="6"
        width={Math.max(at(high) - at(low), 2)}
        height="8"
        rx="4"
      />
      <text x={at(0)} y="32" text-anchor="middle">
        equal
      </text>
      <text x="0" y="32">
        random
      </text>
      <text x={WIDTH} y="32" text-anchor="end">
        chosen
      </text>
    </svg>
  );
}

/** What more labels would buy, and at what price. It advises, and stops nothing. */
export function StoppingPanel({ monitor: { value, problem, loading } }: MonitorProps) {
  const stopping = value?.stopping;
  const cost = value?.cost.minutes_per_tile;
  return (
    <Panel
      title="Is it time to stop?"
      figures={value ? stoppingRows(value) : []}
      problem={problem}
      loading={loading}
    >
      {stopping && (
        <>
          <p class="figure">
            <strong class="standing">{VERDICTS[stopping.verdict]}</strong>
          </p>
          <ul class="advice">
            {stopping.text.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
          <dl class="facts">
            {stopping.slope && <Fact name="for twice the labels" value={rangeOf(stopping.slope)} />}
            {stopping.gain && (
              <Fact
                name={`from the next ${counted(stopping.gain.batch, "tile")}`}
                value={rangeOf({ ...stopping.gain, value: stopping.gain.expected })}
              />
            )}
            {stopping.minutes_per_point?.expected != null && (
              <Fact
                name="a point costs"
                value={duration(60 * stopping.minutes_per_point.expected)}
              />
            )}
            <Fact name="a point is worth" value={duration(60 * stopping.worth_minutes)} />
            {cost && <Fact name="a tile takes" value={duration(60 * cost.median)} />}
            {stopping.agreement !== null && (
              <Fact name="successive models agree" value={percent(stopping.agreement)} />
            )}
          </dl>
          <p class="hint">A point is 0.01 of mean IoU. Nothing here stops anything.</p>
        </>
      )}
    </Panel>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Changes when a round or a label may have changed what is told. */
export const monitored = ({ rounds, tiles }: Progress): string =>
  `${rounds.length}/${rounds.at(-1)?.state}/${tiles.labelled}`;
