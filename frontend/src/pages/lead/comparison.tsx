import { useState } from "preact/hooks";
import { type ComparedMask, type Comparison, fetchComparison } from "../../api/lead";
import { useAnswer } from "../../widgets/asked";
import { Synthetic } from "../../widgets/badge";
import { Empty } from "../../widgets/card";
import { Chart } from "../../widgets/chart";
import { counted, day, percent } from "../../words";
import { bufferLines, bufferOf, bufferRows, comparisonRows, figureWords } from "./comparisondata";
import { signed } from "./modelsdata";
import { Panel } from "./panel";

/** What a buffer would cost, and the model beside other people's masks on the same pixels. */
export function ComparisonPanels({ slug, done }: { slug: string; done: number }) {
  const { value: found, ...state } = useAnswer(() => fetchComparison(slug), [slug, done]);
  return (
    <>
      <BufferPanel comparison={found} loading={state.loading} />
      <Panel
        title="Is it better than other masks?"
        span="full"
        note={found && <Note comparison={found} />}
        figures={found ? comparisonRows(found) : []}
        problem={state.problem}
        loading={state.loading}
      >
        {!state.loading && !state.problem && !found && (
          <Empty>
            Nothing was compared yet. Bring masks in, label validation tiles, and run “manage.py
            compare --campaign {slug}”.
          </Empty>
        )}
        {found && <Masks comparison={found} />}
      </Panel>
    </>
  );
}

function Note({ comparison: { split, scenes, created, synthetic } }: { comparison: Comparison }) {
  return (
    <>
      {counted(scenes, "scene")} of {split} · {day(created)} {synthetic && <Synthetic />}
    </>
  );
}

function Masks({ comparison: { masks, model, fewest_scenes } }: { comparison: Comparison }) {
  return (
    <>
      <div class="sideways">
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">Mask</th>
              <th scope="col">answers</th>
              <th scope="col">scenes</th>
              <th scope="col">mask, mean IoU</th>
              <th scope="col">{model ? "model, same pixels" : "no model"}</th>
              <th scope="col">lead of the model</th>
              <th scope="col">s/Mpx</th>
            </tr>
          </thead>
          <tbody>
            {masks.map((mask) => (
              <MaskRow key={mask.name} mask={mask} />
            ))}
          </tbody>
        </table>
      </div>
      <p class="hint">
        Read along a row: the model is judged once on each mask's classes and pixels. – : fewer than{" "}
        {fewest_scenes} scenes. * : the mask was trained on labels like these. In brackets the
        interval over scenes.
      </p>
    </>
  );
}

function MaskRow({ mask }: { mask: ComparedMask }) {
  const pair = mask.answered_pixels ?? mask.all_pixels;
  const lead = pair.lead?.value ?? null;
  return (
    <tr title={mask.not_provided.length ? `can't tell ${mask.not_provided.join(", ")}` : ""}>
      <th scope="row">
        {mask.name}
        {mask.trained_on_these_data && " *"}
      </th>
      <td>{mask.answered === null ? "–" : percent(mask.answered)}</td>
      <td>{pair.scenes}</td>
      <td>{figureWords(pair.mask.class_mean_iou)}</td>
      <td>{pair.model ? figureWords(pair.model.class_mean_iou) : "–"}</td>
      <td class={lead === null ? "" : lead > 0 ? "good" : "warn"}>
        {lead === null ? "–" : signed(lead)}
        {pair.lead?.p_holm != null && <span class="faint"> p {pair.lead.p_holm.toFixed(3)}</span>}
      </td>
      <td>{mask.cost ? mask.cost.seconds_per_mpix.toFixed(2) : "–"}</td>
    </tr>
  );
}

interface BufferProps {
  comparison: Comparison | null;
  loading: boolean;
}

function BufferPanel({ comparison, loading }: BufferProps) {
  const sources = comparison ? bufferOf(comparison) : [];
  const [name, setName] = useState("");
  const chosen = sources.find((each) => each.name === name) ?? sources[0];
  return (
    <Panel
      title="How wide a buffer pays?"
      note={comparison?.synthetic && <Synthetic />}
      figures={bufferRows(sources)}
      listed
      loading={loading}
    >
      {!loading && !chosen && (
        <Empty>A comparison that looks at geometry shows what a buffer saves and costs.</Empty>
      )}
      {chosen && (
        <>
          <label class="choose">
            Mask{" "}
            <select
              value={chosen.name}
              onChange={({ currentTarget }) => setName(currentTarget.value)}
            >
              {sources.map((each) => (
                <option key={each.name}>{each.name}</option>
              ))}
            </select>
          </label>
          <Chart
            x={chosen.rows.map(({ radius }) => radius)}
            xLabel="buffer, pixels"
            yLabel="share"
            height={240}
            said={percent}
            lines={bufferLines(chosen)}
            words={`${chosen.name}: share of cloud still called clear, and of clear masked, by buffer`}
          />
        </>
      )}
    </Panel>
  );
}
