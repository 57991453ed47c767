import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { type Problem, problemOfThrown } from "../../api/problems";
import { Card } from "../../widgets/card";
import { campaign } from "./board";
import { type Cell, fileName, saveCsv, savePng } from "./saving";

interface PanelProps {
  /** The question that it answers. */
  title: string;
  note?: ComponentChildren;
  span?: "wide" | "full" | "";
  /** Where the rows behind it are. */
  rows?: { href: string; words: string };
  /** Its figures, a row a line, the first one names the columns; empty: there is nothing to save. */
  figures?: Cell[][];
  /** Whether the figures are listed under a chart, for those who don't see it. */
  listed?: boolean;
  problem?: Problem | null;
  loading?: boolean;
  children?: ComponentChildren;
}

/** A card of the lead's page: one question, its answer, the rows behind it, saved as CSV or PNG. */
export function Panel(props: PanelProps) {
  const { title, note, span = "", figures = [], listed, problem, loading, children } = props;
  return (
    <Card title={title} note={<Note {...props}>{note}</Note>} span={span}>
      {problem && (
        <p class="warn" role="alert">
          {problem.message} {problem.help}
        </p>
      )}
      {loading ? (
        <p class="empty waiting" aria-busy="true">
          Loading …
        </p>
      ) : (
        children
      )}
      {listed && figures.length > 1 && <Figures rows={figures} title={title} />}
    </Card>
  );
}

function Note({ title, rows, figures = [], children }: PanelProps) {
  return (
    <>
      {children}
      <span class="tools" data-unsaved>
        {rows && <a href={rows.href}>{rows.words}</a>}
        {figures.length > 1 && <Save title={title} figures={figures} />}
      </span>
    </>
  );
}

function Save({ title, figures }: { title: string; figures: Cell[][] }) {
  const [problem, setProblem] = useState("");
  const slug = campaign.value?.slug ?? "";
  const png = ({ currentTarget }: { currentTarget: HTMLElement }) => {
    const panel = currentTarget.closest<HTMLElement>(".card")!;
    savePng(panel, fileName(slug, title, "png")).then(
      () => setProblem(""),
      (error: unknown) => setProblem(problemOfThrown(error).message),
    );
  };
  return (
    <>
      <button
        type="button"
        class="save"
        title="Save the figures"
        aria-label={`Save as CSV: ${title}`}
        onClick={() => saveCsv(figures, fileName(slug, title, "csv"))}
      >
        CSV
      </button>
      <button
        type="button"
        class="save"
        title="Save as a picture"
        aria-label={`Save as PNG: ${title}`}
        onClick={png}
      >
        PNG
      </button>
      {problem && <span role="alert">{problem}</span>}
    </>
  );
}

const shown = (cell: Cell): string =>
  typeof cell === "number" ? String(Number(cell.toFixed(4))) : (cell ?? "–");

function Figures({ rows: [head, ...rows], title }: { rows: Cell[][]; title: string }) {
  return (
    <details class="listed" data-unsaved>
      <summary>Figures</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard. */}
      <section class="scroll" tabIndex={0} aria-label={`Figures: ${title}`}>
        <table class="numbers">
          <thead>
            <tr>
              {head.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, k) => (
              <tr key={`${k} ${row[0]}`}>
                {row.map((cell, at) =>
                  at === 0 ? (
                    <th key={head[at]} scope="row">
                      {shown(cell)}
                    </th>
                  ) : (
                    <td key={head[at]}>{shown(cell)}</td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}
