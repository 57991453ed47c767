import { Button, keepFocus } from "../../widgets/button";
import { Slider } from "../../widgets/slider";
import { marginShown, rulerShown } from "./look";
import { ViewPicker } from "./panepicker";
import { reference } from "./reference";
import { brightness, contrast, gamma, isToneChanged, resetTone } from "./tone";
import { blink, composites, paneCount, showView, view } from "./views";

export function Views() {
  return (
    <section>
      <h2>
        Views
        <fieldset class="panes" aria-label="Views side by side (I)">
          {[1, 2, 4].map((count) => (
            <button
              key={count}
              type="button"
              aria-pressed={paneCount.value === count}
              title={`${count === 1 ? "One view" : `${count} views side by side`} (I)`}
              onMouseDown={keepFocus}
              onClick={() => {
                paneCount.value = count;
              }}
            >
              {count}
            </button>
          ))}
        </fieldset>
      </h2>
      <fieldset class="segments" aria-label="Composite">
        {composites.value.map(({ name, bands }) => (
          <button
            key={name}
            type="button"
            aria-pressed={view.value?.name === name}
            title={`${[...new Set(bands)].join(", ")} (V next, ⇧V previous)`}
            onMouseDown={keepFocus}
            onClick={() => showView(name)}
          >
            {name}
          </button>
        ))}
      </fieldset>
      <div class="pick">
        <ViewPicker pane={0} label="Band, index or date" />
        <Button look="quiet" shortcut="C" title="The view before this one" onClick={blink}>
          Compare
        </Button>
      </div>
      {reference.value && (
        <Button look="quiet" title="The clearest other date near this one" onClick={showOtherDate}>
          {reference.value.words}
        </Button>
      )}
      <Tone />
      <p class="ticks">
        <Tick words="Surroundings" shortcut="Q" setting={marginShown} />
        <Tick words="Shadow ruler" shortcut="Y" setting={rulerShown} />
      </p>
    </section>
  );
}

/** Show the composite of the first pane as it is on the other date; pressed again, the tile's own. */
function showOtherDate(): void {
  const shown = view.value;
  const { words } = reference.value!;
  if (shown?.group === "Other dates") blink();
  else
    showView(`${words} · ${shown?.group === "Composites" ? shown.name : composites.value[0].name}`);
}

function Tone() {
  return (
    <>
      <Slider
        label="Brightness"
        value={Math.log2(brightness.value)}
        min={-2}
        max={2}
        step={0.05}
        shown={`× ${brightness.value.toFixed(1)}`}
        onInput={(value) => {
          brightness.value = 2 ** value;
        }}
      />
      <Slider
        label="Contrast"
        value={Math.log2(contrast.value)}
        min={-1.5}
        max={1.5}
        step={0.05}
        shown={`× ${contrast.value.toFixed(1)}`}
        onInput={(value) => {
          contrast.value = 2 ** value;
        }}
      />
      <Slider
        label="γ"
        value={gamma.value}
        min={0.4}
        max={2.5}
        step={0.05}
        shown={gamma.value.toFixed(2)}
        onInput={(value) => {
          gamma.value = value;
        }}
      />
      {isToneChanged() && (
        <Button look="quiet" shortcut="N" onClick={resetTone}>
          As it was
        </Button>
      )}
    </>
  );
}

export function Tick({
  words,
  shortcut,
  setting,
}: {
  words: string;
  shortcut: string;
  setting: typeof marginShown;
}) {
  return (
    <label>
      <input
        type="checkbox"
        checked={setting.value}
        onChange={({ currentTarget }) => {
          setting.value = currentTarget.checked;
          currentTarget.blur();
        }}
      />{" "}
      {words} <kbd>{shortcut}</kbd>
    </label>
  );
}
