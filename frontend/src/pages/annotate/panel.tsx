import type { ComponentChildren } from "preact";
import { Button, IconButton, keepFocus } from "../../widgets/button";
import { Icon } from "../../widgets/icon";
import { Slider } from "../../widgets/slider";
import { percent } from "../../words";
import { type Choice, choices, fromModel, labelled, removePrelabel, shareNow, work } from "./desk";
import {
  activeCode,
  brushSize,
  protectedCodes,
  resize,
  takeClass,
  toggleProtected,
  tolerance,
  tool,
} from "./hand";
import { classKey } from "./keys";
import {
  brightness,
  composite,
  compositeName,
  composites,
  gamma,
  opacity,
  overlayStyle,
  panelOpen,
  resetTone,
  SCENE_GAMMA,
} from "./look";
import { mayDraw } from "./phase";

export function Panel() {
  if (!panelOpen.value) return <FoldedPanel />;
  return (
    <aside class="panel" aria-label="Classes and views">
      <Classes />
      <ToolSetting />
      <Views />
      <MaskLayer />
      <Prelabel />
    </aside>
  );
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Classes() {
  return (
    <section>
      <h2>
        Classes
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

function ToolSetting() {
  if (tool.value === "polygon") {
    return (
      <Section title="Polygon">
        <p class="hint">
          Click corners; <kbd>⏎</kbd> or a double click closes, <kbd>⌫</kbd> takes one back,{" "}
          <kbd>Esc</kbd> gives up.
        </p>
      </Section>
    );
  }
  const filling = tool.value === "fill";
  const shown = filling ? toleranceWords(tolerance.value) : `${brushSize.value} px`;
  return (
    <Section title={filling ? "Flood fill" : "Brush and eraser"}>
      <div class="stepper">
        <span>{filling ? "takes" : "diameter"}</span>
        <Button look="quiet" shortcut="[" title="Less" onClick={() => resize(-1)}>
          −
        </Button>
        <span class="value">{shown}</span>
        <Button look="quiet" shortcut="]" title="More" onClick={() => resize(1)}>
          +
        </Button>
      </div>
    </Section>
  );
}

const toleranceWords = (steps: number | null) => (steps === null ? "same label" : `± ${steps}`);

function Views() {
  return (
    <Section title="Views">
      <fieldset class="segments" aria-label="Composite">
        {composites.value.map(({ name, bands }) => (
          <button
            key={name}
            type="button"
            aria-pressed={composite.value?.name === name}
            title={`${[...new Set(bands)].join(", ")} (V next, ⇧V previous)`}
            onMouseDown={keepFocus}
            onClick={() => {
              compositeName.value = name;
            }}
          >
            {name}
          </button>
        ))}
      </fieldset>
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
      {(brightness.value !== 1 || gamma.value !== SCENE_GAMMA) && (
        <Button look="quiet" shortcut="N" onClick={resetTone}>
          As it was
        </Button>
      )}
    </Section>
  );
}

function MaskLayer() {
  return (
    <Section title="Mask">
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
    </Section>
  );
}

function Prelabel() {
  const prelabel = work.value?.task.prelabel;
  if (!prelabel) return null;
  return (
    <Section title="Pre-label">
      <p class="hint">
        {prelabel.source} <code>{prelabel.version}</code> · {percent(fromModel.value)} of the tile
        is still as it came (shown lighter). Submitting confirms it.
      </p>
      <Button
        look="quiet"
        shortcut="⇧⌫"
        disabled={!mayDraw.value || fromModel.value === 0}
        onClick={removePrelabel}
      >
        Take it away
      </Button>
    </Section>
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
