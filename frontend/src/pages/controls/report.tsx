import { useState } from "preact/hooks";
import { reportPath } from "../../api/controls";
import { Card } from "../../widgets/card";
import { day } from "../../words";
import { campaign } from "./desk";

const MONTH = 30 * 24 * 3600 * 1000; // milliseconds

/** A funder's page of some days: to look at, to keep, or as numbers. */
export function ReportPanel() {
  const { slug } = campaign.value!;
  const [first, setFirst] = useState(day(new Date(Date.now() - MONTH).toISOString()));
  const [last, setLast] = useState(day(new Date().toISOString()));
  const fits = first !== "" && last !== "" && first <= last;
  return (
    <Card title="What did the campaign do in a time?" span="full">
      <p class="hint">
        Targets, hours, classes, places, learning curve and licences of those days, both included
        (UTC), as a page that needs nothing else: open it, print it, send it.
      </p>
      <div class="start">
        <Day label="From" value={first} set={setFirst} />
        <Day label="To" value={last} set={setLast} />
        {fits ? (
          <>
            <a
              class="button main"
              href={reportPath(slug, first, last, "page")}
              target="_blank"
              rel="noopener"
            >
              Open the report
            </a>
            <a
              class="button"
              href={reportPath(slug, first, last, "page")}
              download={`${slug}-${first}-${last}.html`}
            >
              Download it
            </a>
            <a
              class="button"
              href={reportPath(slug, first, last, "numbers")}
              download={`${slug}-${first}-${last}.json`}
            >
              Its numbers (JSON)
            </a>
          </>
        ) : (
          <p class="warn" role="alert">
            “To” is the same day as “From”, or a later one.
          </p>
        )}
      </div>
    </Card>
  );
}

interface DayProps {
  label: string;
  value: string;
  set: (day: string) => void;
}

const Day = ({ label, value, set }: DayProps) => (
  <label>
    {label}
    <input type="date" value={value} onChange={({ currentTarget }) => set(currentTarget.value)} />
  </label>
);
