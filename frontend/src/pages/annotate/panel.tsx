import { Button, IconButton, keepFocus } from "../../widgets/button";
import { Icon } from "../../widgets/icon";
import { Slider } from "../../widgets/slider";
import { percent } from "../../words";
import { removePrelabel } from "./acts";
import { type Choice, choices, fromModel, labelled, shareNow, work } from "./desk";
import { Heat, Regions } from "./guidepanel";
import { activeCode, protectedCodes, takeClass, toggleProtected, tool, wholePending } from "./hand";
import { acceptRegion, current, nextRegion, pending, regionCount, rejectRegion } from "./hints";
import { classKey } from "./keys";
import { opacity, overlayStyle, panelOpen } from "./look";
import { mayDraw } from "./phase";
import { Spectrum } from "./spectrum";
import { ToolSetting } from "./toolsetting";
import { Views } from "./viewpanel";

export function Panel() {
  if (!panelOpen.value) return <FoldedPanel />;
  return (
    <aside class="panel" aria-label="Classes and views">
      <Classes />
      <Regions />
      <Heat />
      <ToolSetting />
      <Prelabel />
      <Views />
      <MaskLayer />
      <Spectrum />
    </aside>
  );
}

function Classes() {
  return (
    <section>
      <h2>
        {wholePending.value ? "Whole tile is … press a class key" : "Classes"}
        <IconButton icon="fold" label="Fold the panel" onClick={fold} />
      </h2>
      <ul class="classes">
        {choices.value.map((choice) => (
          <ClassRow key={choice.code} choice={choice} />
        ))}
        <li class="unlabelled">
          <span class="swatch none" />
          <span>not labelled</span>
          <span class="value">{percent(1 - labelled.value)}</span>
        </li>
      </ul>
    </section>
  );
}

function ClassRow({ choice }: { choice: Choice }) {
  const { code, name, colour } = choice;
  const isProtected = protectedCodes.value.has(code);
  const protect = isProtected ? `${name} is protected: nothing paints over it` : `Protect ${name}`;
  return (
    <li>
      <button
        type="button"
        class="class"
        aria-pressed={activeCode.value === code && tool.value !== "eraser"}
        onMouseDown={keepFocus}
        onClick={() => takeClass(code)}
      >
        <kbd>{classKey(choice)}</kbd>
        <span class="swatch" style={{ background: colour }} />
        <span class="name">{name}</span>
        <span class="value">{percent(shareNow(code))}</span>
      </button>
      <button
        type="button"
        class="lock"
        aria-pressed={isProtected}
        aria-label={protect}
        title={protect}
        onMouseDown={keepFocus}
        onClick={() => toggleProtected(code)}
      >
        <Icon name={isProtected ? "lock" : "unlock"} />
      </button>
    </li>
  );
}

function MaskLayer() {
  return (
    <section>
      <h2>Mask</h2>
      <Slider
        label="Opacity"
        value={opacity.value}
        min={0}
        max={1}
        step={0.05}
        shown={percent(opacity.value)}
        onInput={(value) => {
          opacity.value = value;
        }}
      />
      <fieldset class="segments" aria-label="Mask style">
        {(["fill", "outline"] as const).map((style) => (
          <button
            key={style}
            type="button"
            aria-pressed={overlayStyle.value === style}
            title="O changes it"
            onMouseDown={keepFocus}
            onClick={() => {
              overlayStyle.value = style;
            }}
          >
            {style === "fill" ? "Filled" : "Outlined"}
          </button>
        ))}
      </fieldset>
    </section>
  );
}

function Prelabel() {
  const prelabel = work.value?.task.prelabel;
  if (!prelabel) return null;
  const idle = !mayDraw.value;
  return (
    <section>
      <h2>
        Pre-label
        {regionCount.value > 0 && (
          <span class="value">
            {pending.value.length} of {regionCount.value} pieces to see
          </span>
        )}
      </h2>
      <p class="hint" title="Shown lighter; submitting confirms it">
        {prelabel.source} <code>{prelabel.version}</code> · {percent(fromModel.value)} still as it
        came
      </p>
      {current.value && (
        <p class="row tight">
          <Button shortcut="⏎" disabled={idle} title="The outlined one" onClick={acceptRegion}>
            Right
          </Button>
          <Button shortcut="⌫" disabled={idle} title="Take it away" onClick={rejectRegion}>
            Wrong
          </Button>
          <Button look="quiet" shortcut="J" onClick={nextRegion}>
            Later
          </Button>
        </p>
      )}
      <Button
        look="quiet"
        shortcut="⇧⌫"
        disabled={idle || fromModel.value === 0}
        onClick={removePrelabel}
      >
        Take all away
      </Button>
    </section>
  );
}

function FoldedPanel() {
  return (
    <aside class="panel folded" aria-label="Classes">
      <IconButton icon="unfold" label="Unfold the panel" shortcut="T" onClick={fold} />
      {choices.value.map((choice) => (
        <button
          key={choice.code}
          type="button"
          class="class"
          title={choice.name}
          aria-label={choice.name}
          aria-pressed={activeCode.value === choice.code && tool.value !== "eraser"}
          onMouseDown={keepFocus}
          onClick={() => takeClass(choice.code)}
        >
          <span class="swatch" style={{ background: choice.colour }} />
          <kbd>{classKey(choice)}</kbd>
        </button>
      ))}
    </aside>
  );
}

function fold(): void {
  panelOpen.value = !panelOpen.value;
}
