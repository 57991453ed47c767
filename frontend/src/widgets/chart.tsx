import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { theme } from "../theme";
import "./chart.css";

export interface Line {
  name: string;
  colour: string;
  /** One for each place on the x axis; null: there is none. */
  values: (number | null)[];
  /** Ends of its interval, drawn as a band. */
  low?: (number | null)[];
  high?: (number | null)[];
  /** On and off, in pixels: colour is never the only sign. */
  dash?: number[];
  /** The one that matters most. */
  strong?: boolean;
  /** Not drawn at first. */
  hidden?: boolean;
}

interface ChartProps {
  /** Ascending; with `time`, seconds since 1970. */
  x: number[];
  xLabel: string;
  yLabel: string;
  lines: Line[];
  time?: boolean;
  /** Of the y axis; none given: from 0 to a little above what there is. */
  range?: [number, number];
  /** CSS pixels. */
  height?: number;
  /** How a value is said. */
  said: (value: number) => string;
  /** What is seen, for those who don't see it. */
  words: string;
}

/** Lines over a common x, intervals as bands; a line is hidden and shown by its legend. */
export function Chart(props: ChartProps) {
  const { x, lines, height = 260, said, words } = props;
  const place = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  const seen = (line: Line) => Boolean(line.hidden) === turned.has(line.name);
  const drawn = lines.filter(seen);
  const key = JSON.stringify([x, drawn, props.range, height, theme.value]);
  useEffect(() => {
    const element = place.current!;
    const chart = new uPlot(optionsOf(props, drawn, element, setAt), dataOf(x, drawn), element);
    const observer = new ResizeObserver(() => chart.setSize(sizeOf(element, height)));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [key]);
  const turn = (name: string) =>
    setTurned(
      (before) =>
        new Set(before.has(name) ? [...before].filter((n) => n !== name) : [...before, name]),
    );
  return (
    <>
      <div
        class="chart"
        ref={place}
        role="img"
        aria-label={words}
        style={{ height, flex: "none" }}
      />
      <fieldset class="legend">
        <legend class="unseen">Lines of the chart</legend>
        {lines.map((line) => (
          <button
            key={line.name}
            type="button"
            aria-pressed={seen(line)}
            onClick={() => turn(line.name)}
          >
            <Swatch line={line} />
            {line.name} <span class="value">{valueAt(line, at, said)}</span>
          </button>
        ))}
      </fieldset>
    </>
  );
}

function Swatch({ line }: { line: Line }) {
  return (
    <svg width="22" height="8" aria-hidden="true">
      <line
        x1="0"
        x2="22"
        y1="4"
        y2="4"
        stroke={line.colour}
        stroke-width={line.strong ? 4 : 2.5}
        stroke-dasharray={line.dash?.join(" ")}
      />
    </svg>
  );
}

/** Under the pointer; the last one that there is while the pointer is elsewhere. */
function valueAt({ values }: Line, at: number | null, said: (value: number) => string): string {
  const last = values.findLastIndex((value) => value !== null);
  const value = values[at ?? last];
  return typeof value === "number" ? said(value) : "–";
}

/** Each line, then the ends of its interval. */
function dataOf(x: number[], lines: Line[]): uPlot.AlignedData {
  const none = x.map(() => null);
  return [
    x,
    ...lines.flatMap(({ values, low, high }) => [values, high ?? none, low ?? none]),
  ] as uPlot.AlignedData;
}

function optionsOf(
  { xLabel, yLabel, time = false, range, height = 260 }: ChartProps,
  lines: Line[],
  element: HTMLElement,
  tell: (at: number | null) => void,
): uPlot.Options {
  const axis = {
    stroke: token("--faint"),
    grid: { stroke: token("--line"), width: 1 },
    ticks: { stroke: token("--line"), width: 1 },
    font: "12px system-ui",
    labelFont: "12px system-ui",
    labelSize: 20,
  };
  return {
    ...sizeOf(element, height),
    scales: { x: { time, ...(time ? {} : { range: widened }) }, y: { range: range ?? fromZero } },
    axes: [
      { ...axis, label: xLabel },
      { ...axis, label: yLabel, size: 52 },
    ],
    legend: { show: false },
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    hooks: { setCursor: [(chart) => tell(chart.cursor.idx ?? null)] },
    series: [{}, ...lines.flatMap(seriesOf)],
    bands: lines.map(({ colour, strong }, k) => ({
      series: [3 * k + 2, 3 * k + 3] as [number, number],
      fill: `${colour}${strong ? "33" : "1c"}`,
    })),
  };
}

function seriesOf({ name, colour, dash, strong }: Line): uPlot.Series[] {
  const end = { label: name, stroke: "transparent", points: { show: false }, spanGaps: true };
  return [
    {
      label: name,
      stroke: colour,
      ...(dash && { dash }),
      width: strong ? 3 : 1.75,
      spanGaps: true,
      points: { show: true, size: strong ? 8 : 5, fill: colour },
    },
    end,
    end,
  ];
}

/** Some room on both sides, so that the first and the last point are seen whole. */
function widened(_chart: uPlot, low: number, high: number): uPlot.Range.MinMax {
  const room = (high - low || 1) * 0.04;
  return [Math.max(0, low - room), high + room];
}

function fromZero(_chart: uPlot, _low: number, high: number): uPlot.Range.MinMax {
  return [0, (high || 1) * 1.08];
}

const sizeOf = (element: HTMLElement, height: number) => ({
  width: Math.max(element.clientWidth, 120),
  height,
});

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
