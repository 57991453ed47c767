import { type Calibration, type ClassCalibration, fetchCalibration } from "../../api/lead";
import type { Progress } from "../../api/types";
import { useAnswer } from "../../widgets/asked";
import { Empty } from "../../widgets/card";
import { counted } from "../../words";
import { isSynthetic } from "./board";
import { calibrationRows, type ReliabilityBin } from "./calibrationdata";
import { Panel } from "./panel";

const SIDE = 150; // units of the drawing

/** The champion's reliability: what it says against what is seen, class by class. */
export function CalibrationPanel({ slug, progress }: { slug: string; progress: Progress }) {
  const done = progress.rounds.filter(({ model }) => model).length;
  const { value: found, ...state } = useAnswer(() => fetchCalibration(slug), [slug, done]);
  return (
    <Panel
      title="Are its probabilities true?"
      note={found && source(found)}
      span="wide"
      figures={found ? calibrationRows(found) : []}
      listed
      problem={state.problem}
      loading={state.loading}
    >
      {!state.loading && !found && !state.problem && (
        <Empty>
          No model was measured yet. It takes a round with labels in the validation places.
        </Empty>
      )}
      {found && (
        <>
          <div class="reliabilities">
            {found.classes.map((each) => (
              <Reliability key={each.name} {...each} />
            ))}
          </div>
          <p class="hint">
            On the diagonal, 80 % said is 80 % seen. Filled: as the model speaks now; hollow and
            dashed: without its temperature (
            {found.temperatures.map((t) => t.toFixed(2)).join(", ")}
            ).{" "}
            {found.held_out
              ? "Each scene was judged with a temperature fitted on others."
              : "With one scene it was judged where it was fitted: better than it is."}
          </p>
        </>
      )}
    </Panel>
  );
}

function Reliability({ name, colour, before, after, bins_before, bins_after }: ClassCalibration) {
  const said = `${name}: calibration error ${error(before)} before, ${error(after)} after`;
  return (
    <figure class="reliability">
      <svg viewBox={`-1 -1 ${SIDE + 2} ${SIDE + 2}`} role="img" aria-label={said}>
        <title>{said}</title>
        <rect class="frame" width={SIDE} height={SIDE} />
        <line class="ideal" x1="0" y1={SIDE} x2={SIDE} y2="0" />
        <polyline class="before" points={pathOf(bins_before)} stroke={colour} />
        <polyline class="after" points={pathOf(bins_after)} stroke={colour} />
        {bins_before.map((bin) => (
          <circle key={bin.said} class="before" {...at(bin)} r="3" stroke={colour} />
        ))}
        {bins_after.map((bin) => (
          <circle key={bin.said} {...at(bin)} r="3" fill={colour} />
        ))}
      </svg>
      <figcaption>
        {name}{" "}
        <span class="faint">
          {error(before)} → {error(after)}
        </span>
        {bins_after.length === 0 && <span class="faint"> · drawn from the next model on</span>}
      </figcaption>
    </figure>
  );
}

const at = ({ said, seen }: ReliabilityBin) => ({ cx: said * SIDE, cy: (1 - seen) * SIDE });

const pathOf = (bins: ReliabilityBin[]): string =>
  bins.map((bin) => `${at(bin).cx},${at(bin).cy}`).join(" ");

const error = (value: number | null): string => (value === null ? "–" : value.toFixed(3));

const source = ({ state, round, scenes, model }: Calibration): string =>
  `${state} of ${round ? `round ${round}` : model.slice(0, 8)} · ${counted(scenes, "validation scene")}${
    isSynthetic.value ? " (synthetic)" : ""
  }`;
