import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { fetchModels, promoteModel, rollBackModel } from "../../api/calls";
import { problemOfThrown } from "../../api/problems";
import type { Model, ModelPage, Progress } from "../../api/types";
import { Ask, filledIn } from "../../widgets/ask";
import { Synthetic } from "../../widgets/badge";
import { Empty } from "../../widgets/card";
import { counted } from "../../words";
import { campaign } from "./board";
import {
  extentOf,
  gateRows,
  inWords,
  nameOf,
  newestOf,
  outcome,
  placeOf,
  type Row,
  rowsOf,
  signed,
  standing,
  stillNeeded,
} from "./modelsdata";
import { Panel } from "./panel";
import "./models.css";

/** The newest models, as the panel asked for them last. */
export const models = signal<ModelPage | null>(null);
const refusal = signal("");
const why = signal("");
const busy = signal(false);

/** Champion against the newest candidate, class by class, with what the rules said and why. */
export function ModelsPanel({ progress, slug }: { progress: Progress; slug: string }) {
  const asked = turn(progress);
  useEffect(() => void ask(slug), [slug, asked]);
  const page = models.value;
  const newest = page && newestOf(page);
  return (
    <Panel
      title="May the new model take over?"
      note={newest && <Note model={newest} />}
      span="full"
      figures={gateRows(rowsOf(newest))}
      loading={!page && !refusal.value}
    >
      {refusal.value && (
        <p class="warn" role="alert">
          {refusal.value}
        </p>
      )}
      {page && <Standing page={page} />}
      {newest?.decision && <Decision model={newest} />}
      {page && newest && campaign.value?.role === "lead" && <Acts page={page} slug={slug} />}
    </Panel>
  );
}

function Note({ model }: { model: Model }) {
  const { scenes, synthetic } = model.decision ?? {};
  return (
    <>
      {nameOf(model)}
      {scenes ? ` · on ${counted(scenes, "scene")} of validation` : ""} {synthetic && <Synthetic />}
    </>
  );
}

function Standing({ page }: { page: ModelPage }) {
  const { test_openings: openings } = page;
  const opened =
    openings === 0 ? "has never been opened" : `was opened ${counted(openings, "time")}`;
  return page.results.length ? (
    <p>
      {standing(page)} <span class="faint">The frozen test {opened}.</span>
    </p>
  ) : (
    <Empty>No model yet. The first round that finds labels of two classes trains one.</Empty>
  );
}

function Decision({ model }: { model: Model }) {
  const rows = rowsOf(model);
  const { reasons = [], calibration } = model.decision!;
  return (
    <>
      <p class={`gate ${model.state}`}>
        <strong>{outcome(model)}</strong> {reasons.join(" ")}
      </p>
      {rows.length > 0 && <Classes rows={rows} />}
      {calibration && (
        <p class="faint">
          Calibration error {figure(calibration.candidate)}
          {calibration.champion !== null && `, champion ${figure(calibration.champion)}`}; at most{" "}
          {figure(calibration.most)} is allowed.
        </p>
      )}
    </>
  );
}

function Classes({ rows }: { rows: Row[] }) {
  const extent = extentOf(rows);
  return (
    <div class="sideways">
      <table class="numbers gatetable">
        <thead>
          <tr>
            <th scope="col">Class</th>
            <th scope="col">champion</th>
            <th scope="col">candidate</th>
            <th scope="col" class="range">
              difference in IoU, ± {extent.toFixed(2)}; dashed: the margin
            </th>
            <th scope="col">
              <span class="unseen">difference</span>
            </th>
            <th scope="col">verdict</th>
            <th scope="col">validation</th>
            <th scope="col">reference</th>
            <th scope="col">still needed</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th>
              <td>{figure(row.champion)}</td>
              <td>{figure(row.candidate)}</td>
              <td class="range">
                <Range row={row} extent={extent} />
              </td>
              <td>{row.difference ? signed(row.difference.value) : "–"}</td>
              <td class={`verdict ${row.verdict.replace(" ", "-")}`}>{row.verdict}</td>
              <td>{row.scenes === null ? "–" : counted(row.scenes, "scene")}</td>
              <td>{counted(row.reference, "scene")}</td>
              <td>{stillNeeded(row)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The interval as a bar, its middle as a dot, no difference as a line, the margin dashed. */
function Range({ row, extent }: { row: Row; extent: number }) {
  const at = (value: number) => `${placeOf(value, extent)}%`;
  const { difference, margin, verdict } = row;
  return (
    <svg
      class={`difference ${verdict.replace(" ", "-")}`}
      role="img"
      aria-label={inWords(row)}
      width="100%"
      height="18"
    >
      <title>{inWords(row)}</title>
      <line class="zero" x1="50%" x2="50%" y1="0" y2="18" />
      <line class="margin" x1={at(-margin)} x2={at(-margin)} y1="0" y2="18" />
      {difference && (
        <>
          <line class="interval" x1={at(difference.low)} x2={at(difference.high)} y1="9" y2="9" />
          <circle cx={at(difference.value)} cy="9" r="4" />
        </>
      )}
    </svg>
  );
}

function Acts({ page, slug }: { page: ModelPage; slug: string }) {
  const newest = newestOf(page)!;
  const { champion } = page;
  return (
    <details class="acts">
      <summary>Decide by hand</summary>
      {newest.state !== "champion" && (
        <form onSubmit={(event) => event.preventDefault()}>
          <label>
            Why should {nameOf(newest)} be champion all the same?
            <input
              type="text"
              required
              maxLength={200}
              value={why.value}
              onInput={({ currentTarget }) => {
                why.value = currentTarget.value;
              }}
            />
          </label>
          <Ask
            label="Make it champion"
            question={`From now on ${nameOf(newest)} ranks the pool and draws pre-labels${
              champion ? `, not ${nameOf(champion)}` : ""
            }?`}
            disabled={busy.value}
            ready={filledIn}
            act={() => void act(slug, () => promoteModel(slug, newest.hash, why.value))}
          />
        </form>
      )}
      {champion && (
        <Ask
          label={`Go back to the champion before ${nameOf(champion)}`}
          question={`${nameOf(champion)} retires, and the one before it ranks again?`}
          disabled={busy.value}
          act={() => void act(slug, () => rollBackModel(slug))}
        />
      )}
    </details>
  );
}

const figure = (value: number | null) => (value === null ? "–" : value.toFixed(3));

/** Changes whenever a round may have brought another model or decision. */
function turn({ rounds, running }: Progress): string {
  const step = running?.steps.find(({ state }) => state === "running")?.name;
  return [rounds.length, running?.n, step].join("/");
}

async function ask(slug: string): Promise<void> {
  try {
    models.value = await fetchModels(slug);
    refusal.value = "";
  } catch (error) {
    tell(error);
  }
}

async function act(slug: string, call: () => Promise<unknown>): Promise<void> {
  busy.value = true;
  try {
    await call();
    why.value = "";
    await ask(slug);
  } catch (error) {
    tell(error);
  }
  busy.value = false;
}

function tell(error: unknown): void {
  const problem = problemOfThrown(error);
  refusal.value = `${problem.message} ${problem.help}`.trim();
}
