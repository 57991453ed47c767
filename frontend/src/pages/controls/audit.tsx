import { useEffect, useState } from "preact/hooks";
import { type AuditEvent, type EventQuery, fetchEvents } from "../../api/controls";
import { Button } from "../../widgets/button";
import { Card, Empty } from "../../widgets/card";
import { moment } from "../../words";
import { detailWords } from "./auditwords";
import { busy, campaign, trying } from "./desk";

const VERBS: AuditEvent["verb"][] = [
  "created",
  "ingested",
  "imported",
  "claimed",
  "released",
  "expired",
  "submitted",
  "withdrew",
  "skipped",
  "flagged",
  "resolved",
  "reviewed",
  "reopened",
  "superseded",
  "reverted",
  "migrated",
  "planned",
  "started",
  "finished",
  "failed",
  "cancelled",
  "froze",
  "promoted",
  "overrode",
  "rolled_back",
  "exported",
  "changed",
  "granted",
  "extended",
  "qualified",
  "opened_test",
];
const KINDS = [
  "annotation",
  "campaign",
  "export",
  "gold",
  "membership",
  "model",
  "release",
  "review",
  "round",
  "snapshot",
  "task",
  "tile",
  "token",
];
const NAME = "Who, empty for all; - for the workbench itself";

type Filters = Omit<EventQuery, "limit" | "cursor">;

/** Every act that was recorded, the newest first; nobody can change it. */
export function AuditPanel() {
  const { slug } = campaign.value!;
  const [filters, setFilters] = useState<Filters>({});
  const [events, setEvents] = useState<AuditEvent[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const ask = (from: string | null) =>
    void trying(async () => {
      const page = await fetchEvents(slug, { ...filters, ...(from ? { cursor: from } : {}) });
      setEvents((before) => (from ? [...(before ?? []), ...page.results] : page.results));
      setCursor(page.cursor);
    });
  useEffect(() => ask(null), [slug, JSON.stringify(filters)]);
  const narrow = (name: keyof Filters, value: string) => {
    const { [name]: _, ...others } = filters;
    setFilters(value ? { ...others, [name]: value } : others);
  };
  return (
    <Card title="Who did what, and when?" span="full">
      <Narrowing filters={filters} narrow={narrow} />
      {events === null && <Empty>Loading …</Empty>}
      {events?.length === 0 && <Empty>Nothing that fits was recorded.</Empty>}
      {events && events.length > 0 && <Table events={events} narrow={narrow} />}
      {cursor && (
        <Button disabled={busy.value} onClick={() => ask(cursor)}>
          Earlier ones
        </Button>
      )}
    </Card>
  );
}

interface NarrowingProps {
  filters: Filters;
  narrow: (name: keyof Filters, value: string) => void;
}

function Narrowing({ filters, narrow }: NarrowingProps) {
  return (
    <div class="start">
      <Typed label="Person" name="who" title={NAME} {...{ filters, narrow }} />
      <Chosen label="Did" name="verb" choices={VERBS} {...{ filters, narrow }} />
      <Chosen label="To a" name="kind" choices={KINDS} {...{ filters, narrow }} />
      <Typed
        label="Named"
        name="object"
        title="UUID, hash, slug or number; together with what it is"
        {...{ filters, narrow }}
      />
      <Day label="From, UTC" name="since" {...{ filters, narrow }} />
      <Day label="Before, UTC" name="until" {...{ filters, narrow }} />
    </div>
  );
}

interface FieldProps extends NarrowingProps {
  label: string;
  name: keyof Filters;
}

function Typed({ label, name, title = "", filters, narrow }: FieldProps & { title?: string }) {
  return (
    <label title={title}>
      {label}
      <input
        type="text"
        value={filters[name] ?? ""}
        onChange={({ currentTarget }) => narrow(name, currentTarget.value.trim())}
      />
    </label>
  );
}

function Day({ label, name, filters, narrow }: FieldProps) {
  return (
    <label>
      {label}
      <input
        type="date"
        value={filters[name] ?? ""}
        onChange={({ currentTarget }) => narrow(name, currentTarget.value)}
      />
    </label>
  );
}

function Chosen({ label, name, choices, filters, narrow }: FieldProps & { choices: string[] }) {
  return (
    <label>
      {label}
      <select
        value={filters[name] ?? ""}
        onChange={({ currentTarget }) => narrow(name, currentTarget.value)}
      >
        <option value="">anything</option>
        {choices.map((each) => (
          <option key={each} value={each}>
            {each.replace("_", " ")}
          </option>
        ))}
      </select>
    </label>
  );
}

interface TableProps {
  events: AuditEvent[];
  narrow: NarrowingProps["narrow"];
}

function Table({ events, narrow }: TableProps) {
  return (
    <table class="numbers audit">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">who</th>
          <th scope="col">did</th>
          <th scope="col">to</th>
          <th scope="col">details</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr key={event.id}>
            <th scope="row" title={event.when}>
              {moment(event.when)}
            </th>
            <td>
              <button
                type="button"
                class="linklike"
                onClick={() => narrow("who", event.who ?? "-")}
              >
                {event.who ?? "the workbench"}
              </button>
            </td>
            <td>{event.verb.replace("_", " ")}</td>
            <td title={event.object}>
              {event.kind} <span class="faint">{event.object.slice(0, 12)}</span>
            </td>
            <td class="faint">{detailWords(event)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
