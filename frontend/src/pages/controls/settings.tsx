import { useId } from "preact/hooks";
import type { Setting } from "../../api/controls";
import { Button } from "../../widgets/button";
import { counted, moment } from "../../words";
import { busy, conflict, edit, edits, pending, save, settings, textOf, undo } from "./desk";
import { nameOf, typed } from "./fields";

/** The settings of some groups, each with its value, default and last change. */
export function SettingsPanel({ groups }: { groups: string[] }) {
  const all = settings.value?.settings ?? [];
  return (
    <>
      {groups.map((group) => (
        <Group key={group} name={group} rows={all.filter((each) => each.group === group)} />
      ))}
      <SaveBar />
    </>
  );
}

function Group({ name, rows }: { name: string; rows: Setting[] }) {
  const id = useId();
  return (
    <section class="card full" aria-labelledby={id}>
      <header>
        <h2 id={id}>{name}</h2>
        {name === "What is chosen" && <Strategy />}
        {name === "Shares of the lanes" && (
          <span class="faint">only their proportions count; 0 pauses a lane</span>
        )}
      </header>
      <ul class="settings">
        {rows.map((each) => (
          <Row key={each.name} setting={each} />
        ))}
      </ul>
    </section>
  );
}

/** What the chosen strategy does. */
function Strategy() {
  const chosen = settings.value?.settings.find(({ name }) => name === "strategy");
  const text = chosen && textOf(chosen);
  const help = settings.value?.strategies.find(({ name }) => name === text)?.help;
  return <span class="faint">{help && `${text}: ${help}`}</span>;
}

function Row({ setting }: { setting: Setting }) {
  const id = useId();
  const { name, help, unit, changed, changed_by: by } = setting;
  const wrong = pending.value.wrong[name];
  const isEdited = name in edits.value;
  const told = typed(setting.default);
  return (
    <li class={`setting${isEdited ? " edited" : ""}${conflict.value === name ? " conflict" : ""}`}>
      <div>
        <label for={id}>{nameOf(setting)}</label>
        <p id={`${id}-help`} class="hint">
          {help}
        </p>
      </div>
      <div class="value">
        <Field id={id} setting={setting} wrong={Boolean(wrong)} />
        <span class="faint">{unit}</span>
      </div>
      <div class="hint">
        default {told || "none"}
        {typed(setting.value) !== told && (
          <Button
            look="quiet"
            title={`Back to ${told || "none"}`}
            onClick={() => edit(setting, "")}
          >
            ↺
          </Button>
        )}
      </div>
      <p class="hint" role={wrong ? "alert" : undefined}>
        {wrong ? <span class="warn">Give {wrong}.</span> : changedBy(changed, by)}
        {isEdited && !wrong && <> Was {typed(setting.value) || "none"}.</>}
      </p>
    </li>
  );
}

function changedBy(when: string | null, who: string): string {
  return when ? `${who || "command line"}, ${moment(when)}` : "";
}

function Field({ id, setting, wrong }: { id: string; setting: Setting; wrong: boolean }) {
  const text = textOf(setting);
  const field = {
    id,
    value: text,
    "aria-describedby": `${id}-help`,
    "aria-invalid": wrong,
    name: setting.name,
  };
  const choices = setting.kind === "flag" ? ["true", "false"] : setting.choices;
  if (["choice", "flag"].includes(setting.kind)) {
    return (
      <select {...field} onChange={({ currentTarget }) => edit(setting, currentTarget.value)}>
        {choices.map((each) => (
          <option key={each} value={each}>
            {setting.kind === "flag" ? FLAGS[each] : each}
          </option>
        ))}
      </select>
    );
  }
  const onInput = ({ currentTarget }: { currentTarget: HTMLInputElement }) =>
    edit(setting, currentTarget.value);
  if (setting.kind === "date") return <input {...field} type="date" onInput={onInput} />;
  const inputMode = ["number", "whole"].includes(setting.kind) ? "decimal" : "text";
  return <input {...field} inputMode={inputMode} onInput={onInput} />;
}

const FLAGS: Record<string, string> = { true: "yes", false: "no" };

/** Says how much is not saved yet, wherever one has scrolled to. */
function SaveBar() {
  const { changes, wrong } = pending.value;
  const n = Object.keys(edits.value).length;
  if (n === 0) return null;
  return (
    <div class="savebar">
      <span>{counted(n, "change")} not saved yet</span>
      <span class="grow" />
      <Button onClick={undo}>Take back</Button>
      <Button
        look="main"
        disabled={busy.value || Object.keys(wrong).length > 0 || changes.length === 0}
        onClick={() => void save()}
      >
        Save
      </Button>
    </div>
  );
}
