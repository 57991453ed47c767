import { useEffect, useState } from "preact/hooks";
import { changeSchedule, fetchSchedule, type Schedule } from "../../api/controls";
import { Button } from "../../widgets/button";
import { Card, Empty } from "../../widgets/card";
import { moment } from "../../words";
import { busy, campaign, said, scheduleEdits, trying, typedSince } from "./desk";

type Rules = Schedule["rules"];

const FIELDS: {
  name: keyof Rules;
  label: string;
  help: string;
  kind: "flag" | "number" | "text";
}[] = [
  {
    name: "on",
    label: "Rounds start by themselves",
    help: "off: only when asked for",
    kind: "flag",
  },
  {
    name: "labels",
    label: "New labels",
    help: "that make one due; empty: any number",
    kind: "number",
  },
  {
    name: "cron",
    label: "By the clock",
    help: "five fields in UTC, as 30 2 * * 1-5; empty: not",
    kind: "text",
  },
  {
    name: "quiet_days",
    label: "Quiet days",
    help: "after which any new label makes one due; empty: never",
    kind: "number",
  },
  {
    name: "drift",
    label: "On an alarm of drift",
    help: "somebody’s gold tiles have become worse",
    kind: "flag",
  },
  {
    name: "gap_hours",
    label: "Hours between",
    help: "the end of one and the start of the next",
    kind: "number",
  },
  { name: "least_labels", label: "Least labels", help: "that it takes in all", kind: "number" },
];

/** When rounds start by themselves, and what the rules say now. */
export function SchedulePanel() {
  const { slug } = campaign.value!;
  const [schedule, setSchedule] = useState<Schedule | null>(null);
  const edits = scheduleEdits.value;
  useEffect(
    () =>
      void trying(async () => {
        setSchedule(await fetchSchedule(slug));
      }),
    [slug],
  );
  const save = () =>
    void trying(async () => {
      setSchedule(await changeSchedule(slug, valuesOf(edits)));
      scheduleEdits.value = typedSince(edits, scheduleEdits.value);
      said.value = "The schedule is saved.";
    });
  if (!schedule) return <Card title="When do rounds start?">{<Empty>Loading …</Empty>}</Card>;
  const inForce = (name: keyof Rules) => String(schedule.rules[name] ?? "");
  const text = (name: keyof Rules) => edits[name] ?? inForce(name);
  const edit = (name: keyof Rules, typed: string) => {
    const { [name]: _, ...others } = edits;
    scheduleEdits.value = typed === inForce(name) ? others : { ...others, [name]: typed };
  };
  return (
    <Card title="When do rounds start?" span="full" note={dueWords(schedule)}>
      <ul class="settings">
        {FIELDS.map(({ name, label, help, kind }) => (
          <li key={name} class={`setting${name in edits ? " edited" : ""}`}>
            <div>
              <label for={`schedule-${name}`}>{label}</label>
              <p class="hint">{help}</p>
            </div>
            <div class="value">
              {kind === "flag" ? (
                <select
                  id={`schedule-${name}`}
                  value={text(name)}
                  onChange={({ currentTarget }) => edit(name, currentTarget.value)}
                >
                  <option value="true">yes</option>
                  <option value="false">no</option>
                </select>
              ) : (
                <input
                  id={`schedule-${name}`}
                  value={text(name)}
                  inputMode={kind === "number" ? "decimal" : "text"}
                  onInput={({ currentTarget }) => edit(name, currentTarget.value)}
                />
              )}
            </div>
          </li>
        ))}
      </ul>
      <p class="row">
        <Button look="main" disabled={busy.value || Object.keys(edits).length === 0} onClick={save}>
          Save the schedule
        </Button>
        {Object.keys(edits).length > 0 && (
          <Button
            look="quiet"
            onClick={() => {
              scheduleEdits.value = {};
            }}
          >
            Undo
          </Button>
        )}
      </p>
    </Card>
  );
}

function dueWords({ now, rules }: Schedule): string {
  if (!rules.on) return "off";
  if (now.train) return `due: ${now.because.join("; ")}`;
  return now.next_due ? `next look by the clock ${moment(now.next_due)}` : now.why_not.join("; ");
}

/** As the server reads them; what isn't a number goes as it is, and is refused by name. */
function valuesOf(edits: Record<string, string>): Record<string, unknown> {
  const read = (name: string, text: string) => {
    const kind = FIELDS.find((each) => each.name === name)?.kind;
    if (kind === "flag") return text === "true";
    if (kind === "text") return text.trim();
    if (!text.trim()) return null;
    return Number.isNaN(Number(text)) ? text : Number(text);
  };
  return Object.fromEntries(Object.entries(edits).map(([name, text]) => [name, read(name, text)]));
}
