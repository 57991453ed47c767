import { useState } from "preact/hooks";
import { type Curve, fetchCurve } from "../../api/lead";
import type { Progress } from "../../api/types";
import { cataloguePath } from "../../route";
import { theme } from "../../theme";
import { useAnswer } from "../../widgets/asked";
import { Empty } from "../../widgets/card";
import { Chart } from "../../widgets/chart";
import { counted, percent } from "../../words";
import { isSynthetic } from "./board";
import { type Against, curveOf, curveRows, inWords } from "./curvedata";
import { Panel } from "./panel";

const MEAN_COLOUR = { dark: "#e4e9ee", light: "#1a222b" };
const AGAINST: [Against, string][] = [
  ["labels", "against labels"],
  ["hours", "against hours"],
];

/** IoU against labelled tiles or hours of work, over the rounds, with intervals. */
export function CurvePanel({ slug, progress }: { slug: string; progress: Progress }) {
  const [against, setAgainst] = useState<Against>("labels");
  const done = progress.rounds.filter(({ model }) => model).length;
  const { value: curve, ...state } = useAnswer(() => fetchCurve(slug), [slug, done]);
  return (
    <Panel
      title="Does the model get better?"
      note={curve && curve.points.length > 0 && source(curve)}
      span="wide"
      rows={{ href: `${cataloguePath(slug)}?split=validation&label=any`, words: "tiles" }}
      figures={curve ? curveRows(curve, progress.classes) : []}
      listed
      problem={state.problem}
      loading={state.loading}
    >
      {curve?.points.length === 0 && (
        <Empty>
          No round has been measured yet. Label some tiles, start a round, and its result is the
          first point here.
        </Empty>
      )}
      {curve && curve.points.length > 0 && (
        <>
          <fieldset class="segments">
            <legend class="unseen">Drawn</legend>
            {AGAINST.map(([key, words]) => (
              <button
                key={key}
                type="button"
                aria-pressed={key === against}
                onClick={() => setAgainst(key)}
              >
                {words}
              </button>
            ))}
          </fieldset>
          <Drawn curve={curve} classes={progress.classes} against={against} />
        </>
      )}
      {curve?.points.length === 1 && (
        <p class="hint">
          One round so far, after {counted(curve.points[0].labels, "labelled tile")}. The curve
          begins with the next.
        </p>
      )}
    </Panel>
  );
}

interface DrawnProps {
  curve: Curve;
  classes: Progress["classes"];
  against: Against;
}

function Drawn({ curve, classes, against }: DrawnProps) {
  const { x, lines } = curveOf(curve, classes, against, MEAN_COLOUR[theme.value]);
  return (
    <Chart
      x={x}
      xLabel={against === "labels" ? "labelled tiles learnt from" : "active hours of labelling"}
      yLabel="IoU"
      range={[0, 1]}
      height={320}
      lines={lines}
      said={(value) => value.toFixed(3)}
      words={inWords(curve)}
    />
  );
}

function source({ split, level, scenes }: Curve): string {
  const bands =
    level === null ? "" : ` · bands: ${percent(level)} over ${counted(scenes ?? 0, "scene")}`;
  return `IoU on ${split} tiles${isSynthetic.value ? " (synthetic)" : ""}${bands}`;
}
