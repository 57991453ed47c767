import type { ComponentChildren } from "preact";
import { Button } from "../../widgets/button";
import { Slider } from "../../widgets/slider";
import { blurEdge, fillHoles, grow, shrink } from "./acts";
import { work } from "./desk";
import { brushSize, lookedAt, resize, resizeRim, rimWidth, tolerance, tool } from "./hand";
import { mayDraw } from "./phase";
import { bandLookedAt, isLive, lassoed, moveThreshold, turnThreshold } from "./tools/lasso";
import { grains } from "./tools/superpixel";
import { view, views } from "./views";

/** The setting of the tool in hand, and what can be done to the class as a whole. */
export function ToolSetting() {
  const Setting = SETTINGS[tool.value];
  return (
    <section>
      <Setting />
      <Rims />
    </section>
  );
}

const SETTINGS = {
  brush: Round,
  eraser: Round,
  polygon: Polygon,
  lasso: Lasso,
  fill: Fill,
  superpixel: Superpixels,
  shadow: Shadow,
};

interface StepperProps {
  words: string;
  shown: string;
  keys: readonly [string, string];
  move: (by: 1 | -1) => void;
}

function Stepper({ words, shown, keys, move }: StepperProps) {
  return (
    <div class="stepper">
      <span>{words}</span>
      <Button look="quiet" shortcut={keys[0]} title="Less" onClick={() => move(-1)}>
        −
      </Button>
      <span class="value">{shown}</span>
      <Button look="quiet" shortcut={keys[1]} title="More" onClick={() => move(1)}>
        +
      </Button>
    </div>
  );
}

const BRACKETS = ["[", "]"] as const;

function Round() {
  return (
    <>
      <h2>Brush and eraser</h2>
      <Stepper words="diameter" shown={`${brushSize.value} px`} keys={BRACKETS} move={resize} />
    </>
  );
}

function Polygon() {
  return (
    <>
      <h2>Polygon</h2>
      <Hint>
        Click corners; <kbd>⏎</kbd> or a double click closes, <kbd>⌫</kbd> takes one back,{" "}
        <kbd>Esc</kbd> gives up.
      </Hint>
    </>
  );
}

function Fill() {
  const steps = tolerance.value;
  return (
    <>
      <h2>Flood fill</h2>
      <Stepper
        words="takes"
        shown={steps === null ? "same label" : `± ${steps}`}
        keys={BRACKETS}
        move={resize}
      />
      {steps !== null && <LookedAt own="the picture as shown" />}
    </>
  );
}

function Lasso() {
  const now = lassoed.value;
  return (
    <>
      <h2>Lasso</h2>
      <LookedAt own={`${view.value?.bands[0] ?? ""}, the view's first band`} />
      {now && isLive() ? (
        <>
          <Slider
            label={now.dark ? "at most" : "above"}
            value={now.threshold}
            min={0}
            max={Math.max(2 * now.threshold, 100 * now.step)}
            step={now.step}
            shown={
              now.plane instanceof Uint16Array
                ? (now.threshold / 1e4).toFixed(3)
                : now.threshold.toFixed(2)
            }
            onInput={(value) => moveThreshold((value - now.threshold) / now.step)}
          />
          <Button look="quiet" onClick={turnThreshold}>
            {now.dark ? "Take the bright instead" : "Take the dark instead"}
          </Button>
        </>
      ) : (
        <Hint>
          Draw a loop: what stands out in {bandLookedAt()} inside it is labelled. <kbd>[</kbd>{" "}
          <kbd>]</kbd> then move the threshold.
        </Hint>
      )}
    </>
  );
}

function Superpixels() {
  return (
    <>
      <h2>Superpixels</h2>
      <Hint>
        {grains.value?.of === work.value
          ? "Paints whole superpixels; the one under the pointer is outlined."
          : "Making them …"}
      </Hint>
    </>
  );
}

function Shadow() {
  return (
    <>
      <h2>Cast shadow</h2>
      <Hint>
        Press on a labelled cloud and drag it along its shadow: the copy goes where the near
        infrared is dark. With Shift all clouds go at once.
      </Hint>
    </>
  );
}

/** Which band or index a tool goes by. */
function LookedAt({ own }: { own: string }) {
  const choosable = views.value.filter(({ group }) => group === "Bands" || group === "Indices");
  return (
    <label class="looked-at">
      by{" "}
      <select
        value={lookedAt.value}
        onChange={({ currentTarget }) => {
          lookedAt.value = currentTarget.value;
          currentTarget.blur();
        }}
      >
        <option value="">{own}</option>
        {choosable.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Acts on the class in hand. */
function Rims() {
  const idle = !mayDraw.value;
  return (
    <details class="rims">
      <summary>Grow, shrink, edges, holes</summary>
      <Stepper words="width" shown={`${rimWidth.value} px`} keys={["{", "}"]} move={resizeRim} />
      <div class="pairs">
        <Button shortcut="G" disabled={idle} onClick={grow}>
          Grow
        </Button>
        <Button shortcut="⇧G" disabled={idle} onClick={shrink}>
          Shrink
        </Button>
        <Button shortcut="K" disabled={idle} title="Both sides of the border" onClick={blurEdge}>
          Edge unsure
        </Button>
        <Button shortcut="⇧F" disabled={idle} onClick={fillHoles}>
          Fill holes
        </Button>
      </div>
    </details>
  );
}

function Hint({ children }: { children: ComponentChildren }) {
  return <p class="hint">{children}</p>;
}
