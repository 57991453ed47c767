import type { ComponentChildren } from "preact";
import { percent } from "../words";
import type { Comparison } from "./comparison";
import { DIFFERENCE_COLOURS, isClear } from "./painting";
import { Pane } from "./pane";
import "./compare.css";
import type { View } from "./view";

interface PanelProps {
  comparison: Comparison;
  view: View;
  image: HTMLImageElement | null;
  opacity?: number;
  /** Said where there are no two masks. */
  children: ComponentChildren;
}

/** Any two masks of the tile: their difference in four colours, or one wiped over the other. */
export function ComparePanel({ comparison, view, image, opacity = 1, children }: PanelProps) {
  const pair = comparison.pair.value;
  const swipes = comparison.mode.value === "swipe";
  return (
    <section class="pane-box" aria-label="Comparison">
      <Choice comparison={comparison} />
      <div class="pane-frame">
        <Pane
          label={pair ? `${pair.a.name} against ${pair.b.name}` : "No comparison"}
          view={view}
          image={image}
          overlays={comparison.overlays.value}
          opacity={opacity}
        />
        {!pair && <p class="pane-note">{children}</p>}
        {pair && swipes && <Swipe comparison={comparison} />}
      </div>
      <Legend comparison={comparison} />
    </section>
  );
}

function Choice({ comparison }: { comparison: Comparison }) {
  const { sources, first, second, mode } = comparison;
  return (
    <header class="pane-head">
      <Select label="First mask" sources={sources.value} chosen={first} />
      <span class="faint">{mode.value === "swipe" ? "over" : "against"}</span>
      <Select label="Second mask" sources={sources.value} chosen={second} />
      <span class="grow" />
      <button
        type="button"
        class="button"
        aria-pressed={mode.value === "swipe"}
        disabled={!comparison.pair.value}
        onClick={() => comparison.turn()}
      >
        Swipe <kbd>D</kbd>
      </button>
    </header>
  );
}

interface SelectProps {
  label: string;
  sources: { key: string; name: string }[];
  chosen: { value: string };
}

function Select({ label, sources, chosen }: SelectProps) {
  return (
    <select
      aria-label={label}
      value={chosen.value}
      disabled={sources.length < 2}
      onChange={({ currentTarget }) => {
        chosen.value = currentTarget.value;
        // The page's own keys are single letters, which a list in focus would take for itself.
        currentTarget.blur();
      }}
    >
      {sources.length === 0 && <option value="">no mask</option>}
      {sources.map(({ key, name }) => (
        <option key={key} value={key}>
          {name}
        </option>
      ))}
    </select>
  );
}

function Swipe({ comparison }: { comparison: Comparison }) {
  const split = comparison.split.value;
  return (
    <>
      <span class="wipe" style={{ left: `${100 * split}%` }} />
      <input
        class="wipe-hand"
        type="range"
        min={0}
        max={1}
        step={0.01}
        value={split}
        aria-label="Where the first mask ends and the second begins"
        aria-valuetext={percent(split)}
        onInput={({ currentTarget }) => {
          comparison.split.value = currentTarget.valueAsNumber;
        }}
      />
    </>
  );
}

function Legend({ comparison }: { comparison: Comparison }) {
  const pair = comparison.pair.value;
  const counts = comparison.counts.value;
  if (!pair || !counts) return <p class="pane-foot" />;
  const said = counts.both + counts.first + counts.second + counts.neither || 1;
  const rows = [
    ["both", "both"],
    ["first", `${pair.a.name} only`],
    ["second", `${pair.b.name} only`],
    ["neither", "neither"],
  ] as const;
  return (
    <p class="pane-foot" role="status">
      <Subjects comparison={comparison} />
      {rows.map(([key, name]) => (
        <span key={key} class="key">
          <i class={`swatch ${key}`} style={{ backgroundColor: DIFFERENCE_COLOURS[key] }} />
          {name} <span class="value">{percent(counts[key] / said)}</span>
        </span>
      ))}
    </p>
  );
}

function Subjects({ comparison }: { comparison: Comparison }) {
  const { subject, shades } = comparison;
  return (
    <select
      aria-label="Class that is compared"
      value={subject.value === null ? "" : String(subject.value)}
      onChange={({ currentTarget }) => {
        subject.value = currentTarget.value === "" ? null : Number(currentTarget.value);
        currentTarget.blur();
      }}
    >
      <option value="">all but clear</option>
      {shades
        .filter(({ code, name }) => code < 254 && !isClear(name))
        .map(({ code, name }) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
    </select>
  );
}
