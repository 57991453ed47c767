import { useState } from "preact/hooks";
import type { Growth, GrowthPart } from "../../api/lead";
import type { Progress } from "../../api/types";
import { cataloguePath } from "../../route";
import type { Answered } from "../../widgets/asked";
import { Empty } from "../../widgets/card";
import { Chart } from "../../widgets/chart";
import { fillOf } from "../../widgets/chartfill";
import { counted, grouped, percent } from "../../words";
import { Meter, Splits, States } from "./counts";
import {
  classRows,
  DIMENSIONS,
  type Dimension,
  evenness,
  partRows,
  stackOf,
  targetLine,
  weekRows,
} from "./growthdata";
import { Panel } from "./panel";

interface GrowthProps {
  slug: string;
  progress: Progress;
  growth: Answered<Growth>;
}

/** How many tiles are labelled, by split, over the weeks and against the target. */
export function GrowthPanel({ slug, progress: { tiles, tasks }, growth }: GrowthProps) {
  const aim = tiles.target ?? tiles.total;
  const found = growth.value;
  return (
    <Panel
      title="How far are we?"
      rows={{ href: `${cataloguePath(slug)}?label=any`, words: "tiles" }}
      figures={weekRows(found)}
      listed
      problem={growth.problem}
    >
      {tiles.total === 0 ? (
        <Empty>There are no tiles yet. Bring some in with “manage.py ingest”.</Empty>
      ) : (
        <>
          <p class="figure">
            <strong>{grouped(tiles.labelled)}</strong> of {counted(aim, "tile")}
            {tiles.target ? " aimed for" : ""} labelled
            {found && `, of ${counted(found.scenes, "independent scene")}`}
          </p>
          <Meter share={tiles.labelled / aim} label="Labelled tiles" />
          {found && found.weeks.length > 1 && <Weeks growth={found} />}
          <Splits tiles={tiles} />
          <States tasks={tasks} />
        </>
      )}
    </Panel>
  );
}

function Weeks({ growth }: { growth: Growth }) {
  const { x, tiles, target } = targetLine(growth);
  const last = growth.weeks.at(-1)!;
  return (
    <Chart
      time
      height={170}
      x={x}
      xLabel="week"
      yLabel="labelled tiles"
      said={grouped}
      words={`Labelled tiles by week: ${grouped(last.tiles)} by the week of ${last.first}.`}
      lines={[
        { name: "labelled", colour: "#5aa9ff", values: tiles, strong: true },
        ...(target ? [{ name: "target", colour: "#9aa7b4", values: target, dash: [4, 4] }] : []),
      ]}
    />
  );
}

/** Labelled pixels, tiles and independent scenes of each class. */
export function ClassPanel({ slug, growth }: Omit<GrowthProps, "progress">) {
  const found = growth.value;
  const most = Math.max(...(found?.classes.map(({ pixels }) => pixels) ?? []), 1);
  return (
    <Panel
      title="Which classes do we have?"
      note={found && found.pixels > 0 && `${grouped(found.pixels)} pixels`}
      rows={{ href: `${cataloguePath(slug)}?label=any`, words: "tiles" }}
      figures={classRows(found)}
      problem={growth.problem}
      loading={growth.loading}
    >
      {found && found.pixels === 0 && (
        <Empty>No pixel is labelled yet. The first submitted tile shows here.</Empty>
      )}
      {found && found.pixels > 0 && (
        <>
          <table class="bars classbars">
            <thead>
              <tr class="faint">
                <th scope="col">Class</th>
                <th scope="col">
                  <span class="unseen">share, drawn</span>
                </th>
                <th scope="col">pixels</th>
                <th scope="col">tiles</th>
                <th scope="col">scenes</th>
              </tr>
            </thead>
            <tbody>
              {found.classes.map(({ code, name, colour, pixels, tiles, scenes }, k) => (
                <tr key={code}>
                  <th scope="row">{name}</th>
                  <td class="bar">
                    <span
                      style={{ width: `${(100 * pixels) / most}%`, background: fillOf(colour, k) }}
                    />
                  </td>
                  <td title={`${grouped(pixels)} pixels`}>{percent(pixels / found.pixels)}</td>
                  <td>{grouped(tiles)}</td>
                  <td>{grouped(scenes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p class="hint">
            Balance {evenness(found).toFixed(2)}: 1 were all classes as common, 0 were there only
            one. Scenes count once for each ground square and moment.
          </p>
        </>
      )}
    </Panel>
  );
}

/** Labelled tiles by month, place and source, each bar divided into classes. */
export function SpreadPanel({ slug, growth }: Omit<GrowthProps, "progress">) {
  const [dimension, setDimension] = useState<Dimension>("months");
  const found = growth.value;
  const parts = found?.[dimension] ?? [];
  return (
    <Panel
      title="Where do the labels lie?"
      rows={{ href: cataloguePath(slug), words: "catalogue" }}
      figures={partRows(found, dimension)}
      problem={growth.problem}
      loading={growth.loading}
    >
      <fieldset class="segments">
        <legend class="unseen">Divided by</legend>
        {DIMENSIONS.map(([key, words]) => (
          <button
            key={key}
            type="button"
            aria-pressed={key === dimension}
            onClick={() => setDimension(key)}
          >
            {words}
          </button>
        ))}
      </fieldset>
      {found && parts.length === 0 && <Empty>No tile is labelled yet.</Empty>}
      {found && parts.length > 0 && <Parts growth={found} parts={parts} dimension={dimension} />}
    </Panel>
  );
}

function Parts({
  growth,
  parts,
  dimension,
}: {
  growth: Growth;
  parts: GrowthPart[];
  dimension: Dimension;
}) {
  const most = Math.max(...parts.map(({ tiles }) => tiles), 1);
  return (
    <table class="bars spread">
      <thead>
        <tr class="faint">
          <th scope="col">{DIMENSIONS.find(([key]) => key === dimension)![1]}</th>
          <th scope="col">tiles, divided by their pixels' classes</th>
          <th scope="col">tiles</th>
          <th scope="col">scenes</th>
        </tr>
      </thead>
      <tbody>
        {parts.map((part) => (
          <tr key={part.name}>
            <th scope="row">{nameOf(part.name, dimension)}</th>
            <td class="bar">
              <span class="stacked" style={{ width: `${(100 * part.tiles) / most}%` }}>
                {stackOf(part, growth.classes).map(({ name, share, fill }) => (
                  <span
                    key={name}
                    title={`${name} ${percent(share)}`}
                    style={{ width: `${100 * share}%`, background: fill }}
                  />
                ))}
              </span>
            </td>
            <td>{grouped(part.tiles)}</td>
            <td>{grouped(part.scenes)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

const nameOf = (name: string, dimension: Dimension): string =>
  (dimension === "months" && MONTHS[Number(name) - 1]) || name;
