import { useId } from "preact/hooks";
import type { CatalogueQuery } from "../../api/catalogue";
import { Button } from "../../widgets/button";
import { FILTERS, type Filter, SORTS } from "./filters";

interface PanelProps {
  query: CatalogueQuery;
  /** Ask with these filters changed; empty text takes one away. */
  narrow: (changed: Record<string, string>) => void;
  clear: () => void;
  /** Whether what is shown has an order. */
  ordered?: boolean;
}

/** Filters on the left. A choice counts at once, what is typed when it is done. */
export function FilterPanel({ query, narrow, clear, ordered = false }: PanelProps) {
  const asked = Object.keys(query).filter((name) => name !== "sort").length;
  return (
    <aside class="filters" aria-label="Filters">
      {ordered && (
        <label class="filter">
          Order
          <select
            value={query.sort ?? "id"}
            onChange={({ currentTarget }) => narrow({ sort: currentTarget.value })}
          >
            {SORTS.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
      )}
      {FILTERS.map(({ group, filters }) => (
        <fieldset key={group}>
          <legend>{group}</legend>
          {filters.map((filter) => (
            <Field
              key={filter.name}
              filter={filter}
              value={String(query[filter.name] ?? "")}
              narrow={narrow}
            />
          ))}
        </fieldset>
      ))}
      <Button disabled={asked === 0} onClick={clear}>
        Clear {asked > 0 ? `${asked} ` : ""}filter{asked === 1 ? "" : "s"}
      </Button>
    </aside>
  );
}

interface FieldProps {
  filter: Filter;
  value: string;
  narrow: PanelProps["narrow"];
}

function Field({ filter, value, narrow }: FieldProps) {
  const { name, label, choices, hint = "", kind = "text" } = filter;
  const id = useId();
  const ask = (event: { currentTarget: { value: string } }) => {
    narrow({ [name]: event.currentTarget.value });
  };
  const field = { id, value, onChange: ask };
  return (
    <div class={`filter${value ? " set" : ""}`}>
      <label for={id}>{label}</label>
      {choices ? (
        <select {...field}>
          <option value="">any</option>
          {choices.map((each) => (
            <option key={each} value={each}>
              {each.replace("_", " ")}
            </option>
          ))}
        </select>
      ) : (
        INPUTS[kind](field, hint)
      )}
    </div>
  );
}

interface Typed {
  id: string;
  value: string;
  onChange: (event: { currentTarget: { value: string } }) => void;
}

const INPUTS = {
  text: (field: Typed, hint: string) => <input {...field} type="text" placeholder={hint} />,
  number: (field: Typed) => <input {...field} type="number" step="any" />,
  date: (field: Typed) => <input {...field} type="date" />,
};
