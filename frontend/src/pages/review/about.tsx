import type { TaskReview } from "../../api/review";
import { moment } from "../../words";

const HARD = ["", "easy", "rather easy", "middling", "hard", "a guess"];

/** What the author says of the label, what the checks said, and what was said of it before. */
export function About({ held: { label, before, reasons } }: { held: TaskReview }) {
  return (
    <div class="about">
      <section aria-label="From its author">
        <h2>
          {label.authors.join(", ") || "Imported"}, {moment(label.created)}
        </h2>
        {label.difficulty && <p>Found it {HARD[label.difficulty]}.</p>}
        {label.note ? <blockquote>{label.note}</blockquote> : <p class="faint">No note.</p>}
      </section>
      <section aria-label="Warnings its author stands by">
        <h2>Warnings the author stands by</h2>
        {label.checks.length === 0 && <p class="faint">None.</p>}
        <ul>
          {label.checks.map((check) => (
            <li key={String(check.code)}>{String(check.message ?? check.code)}</li>
          ))}
        </ul>
      </section>
      <section aria-label="Said before">
        <h2>Said of it before</h2>
        {before.length === 0 && <p class="faint">This is its first review.</p>}
        <ul>
          {before.map((each) => (
            <li key={each.created}>
              <strong class={`state ${each.verdict}`}>{each.verdict}</strong> by {each.reviewer}
              {each.reason && `: ${reasons[each.reason] ?? each.reason}`}
              {each.note && <blockquote>{each.note}</blockquote>}
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
