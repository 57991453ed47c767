import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Progress } from "../../api/types";
import { theme } from "../../theme";
import { Card, Empty } from "../../widgets/card";
import { counted } from "../../words";
import { isSynthetic } from "./board";
import { type CurveData, curveOf, MEAN } from "./curvedata";

const MEAN_COLOUR = { dark: "#e4e9ee", light: "#1a222b" };

/** IoU against labelled tiles, over the rounds. */
export function CurvePanel({ progress: { rounds, classes } }: { progress: Progress }) {
  const data = curveOf(rounds, classes, MEAN_COLOUR[theme.value]);
  const measured = data.tiles.length;
  const source = `IoU on ${data.splits.join(" and ")} tiles${isSynthetic.value ? " (synthetic)" : ""}`;
  return (
    <Card title="Does the model get better?" note={measured > 0 && source} span="wide">
      {measured === 0 ? (
        <Empty>
          No round has been measured yet. Label some tiles, start a round, and its result is the
          first point here.
        </Empty>
      ) : (
        <Chart data={data} />
      )}
      {measured === 1 && (
        <p class="hint">
          One round so far, after {counted(data.tiles[0], "labelled tile")}. The curve begins with
          the next.
        </p>
      )}
    </Card>
  );
}

function Chart({ data }: { data: CurveData }) {
  const place = useRef<HTMLDivElement>(null);
  const shown = JSON.stringify([data, theme.value]);
  useEffect(() => {
    const element = place.current!;
    const values = [data.tiles, ...data.lines.map((line) => line.values)] as uPlot.AlignedData;
    const chart = new uPlot(optionsFor(data, element), values, element);
    const legend = element.querySelector<HTMLElement>(".u-legend")!;
    const observer = new ResizeObserver(() => chart.setSize(sizeOf(element, legend.offsetHeight)));
    observer.observe(element);
    observer.observe(legend);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [shown]);
  return <div class="chart" ref={place} role="img" aria-label={inWords(data)} />;
}

function optionsFor(data: CurveData, element: HTMLElement): uPlot.Options {
  const axis = {
    stroke: token("--faint"),
    grid: { stroke: token("--line"), width: 1 },
    ticks: { stroke: token("--line"), width: 1 },
    font: "12px system-ui",
    labelFont: "12px system-ui",
    labelSize: 20,
  };
  return {
    ...sizeOf(element),
    scales: { x: { time: false, range: widened }, y: { range: [0, 1] } },
    axes: [
      {
        ...axis,
        label: "labelled tiles learnt from",
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
      },
      { ...axis, label: "IoU", size: 44 },
    ],
    legend: { live: true },
    series: [
      { label: "labelled tiles", value: legend(data.tiles, String) },
      ...data.lines.map(({ name, colour, values }) => ({
        label: name,
        stroke: colour,
        width: name === MEAN ? 3 : 1.75,
        points: { show: true, size: name === MEAN ? 9 : 6, fill: colour },
        value: legend(values, (value) => value.toFixed(3)),
      })),
    ],
  };
}

/** The value under the pointer; the newest one while the pointer is elsewhere. */
function legend(values: (number | null)[], words: (value: number) => string): uPlot.Series.Value {
  return (_chart, _value, _series, index) => {
    const value = values[index ?? values.length - 1];
    return typeof value === "number" ? words(value) : "–";
  };
}

/** Some room on both sides, so that the first and the last point are seen whole. */
function widened(_chart: uPlot, low: number, high: number): uPlot.Range.MinMax {
  const room = Math.max(1, (high - low) * 0.06);
  return [Math.max(0, low - room), high + room];
}

/** What is left for the chart above its legend; CSS pixels. */
const sizeOf = (element: HTMLElement, legend = 32) => ({
  width: element.clientWidth,
  height: Math.max(180, element.clientHeight - legend),
});

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function inWords({ tiles, lines: [mean] }: CurveData): string {
  const points = tiles.map((count, k) => `${mean.values[k]?.toFixed(2) ?? "unknown"} at ${count}`);
  return `Class-mean IoU by labelled tiles: ${points.join(", ")}`;
}
