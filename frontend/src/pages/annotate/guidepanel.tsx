import { MAGMA_GRADIENT } from "../../editor/magma";
import { Button, keepFocus } from "../../widgets/button";
import { Slider } from "../../widgets/slider";
import { percent } from "../../words";
import { hasHeat } from "./heat";
import { heatOpacity, heatShown } from "./look";
import { goToRegion, regionAt, regions, regionsDone, regionsLeft, stepRegion } from "./regions";
import { Tick } from "./viewpanel";

/** The regions to label, in order; a tick where one is done. */
export function Regions() {
  const count = regions.value.length;
  if (!count) return null;
  return (
    <section aria-label="Regions to label">
      <h2>
        Regions
        <span class="value">
          {count - regionsLeft.value.length} of {count} done
        </span>
      </h2>
      <p class="hint">Label all of each, and nothing else.</p>
      <ol class="regions">
        {regions.value.map(({ number }, place) => (
          <li key={number}>
            <button
              type="button"
              class={regionsDone.value[place] ? "done" : ""}
              aria-pressed={regionAt.value === place}
              aria-label={`Region ${number}, ${regionsDone.value[place] ? "done" : "not done"}`}
              onMouseDown={keepFocus}
              onClick={() => goToRegion(place)}
            >
              {number}
              <span aria-hidden="true">{regionsDone.value[place] ? "✓" : ""}</span>
            </button>
          </li>
        ))}
      </ol>
      <p class="row tight">
        <Button look="quiet" shortcut="A" onClick={() => stepRegion(1)}>
          Next
        </Button>
        <Button look="quiet" shortcut="⇧A" onClick={() => stepRegion(-1)}>
          Previous
        </Button>
      </p>
    </section>
  );
}

/** The heat map's switch, strength and legend. */
export function Heat() {
  if (!hasHeat()) return null;
  return (
    <section aria-label="Heat map">
      <h2>
        Model's doubt
        <span class="ticks">
          <Tick words="Show" shortcut="H" setting={heatShown} />
        </span>
      </h2>
      {heatShown.value && (
        <>
          <div class="magma" style={{ background: MAGMA_GRADIENT }} />
          <p class="magma-words">
            <span>sure</span>
            <span>uncertain</span>
          </p>
          <Slider
            label="Strength"
            value={heatOpacity.value}
            min={0.1}
            max={1}
            step={0.05}
            shown={percent(heatOpacity.value)}
            onInput={(value) => {
              heatOpacity.value = value;
            }}
          />
        </>
      )}
    </section>
  );
}
