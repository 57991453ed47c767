import { UNLABELLED } from "../../editor/codes";
import { percent } from "../../words";
import { comparison, held, phase } from "./desk";
import { code, drawing, version } from "./fixing";

/** The classes of the label with their shares; while it is fixed, the brushes to paint them with. */
export function LabelLegend() {
  void version.value;
  const label = held.value;
  if (!label || !comparison.value) return <p class="pane-foot" />;
  const fixing = phase.value.name === "fixing";
  const counts = fixing && drawing.value ? drawing.value.counts : countsOf(label.label.pixels);
  const cells = label.seen.reduce((sum, seen) => sum + seen, 0) || 1;
  const unlabelled = (counts[UNLABELLED] ?? 0) - (label.seen.length - cells);
  return (
    <div class="pane-foot">
      {comparison.value.shades.map((shade, k) => {
        const share = (counts[shade.code] ?? 0) / cells;
        if (!fixing && !share) return null;
        return fixing ? (
          <button
            key={shade.code}
            type="button"
            class="key brush"
            aria-pressed={code.value === shade.code}
            onClick={() => {
              code.value = shade.code;
            }}
          >
            <kbd>{k + 1}</kbd>
            <i class="swatch" style={{ background: shade.colour }} />
            {shade.name}
          </button>
        ) : (
          <span key={shade.code} class="key">
            <i class="swatch" style={{ background: shade.colour }} />
            {shade.name} <span class="value">{percent(share)}</span>
          </span>
        );
      })}
      {!fixing && unlabelled > 0 && (
        <span class="key">
          <i class="swatch none" />
          not labelled <span class="value">{percent(unlabelled / cells)}</span>
        </span>
      )}
    </div>
  );
}

const countsOf = (pixels: Record<string, number>): Record<number, number> =>
  Object.fromEntries(Object.entries(pixels).map(([key, n]) => [Number(key), n]));
