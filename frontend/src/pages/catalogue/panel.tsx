import { useId } from "preact/hooks";
import { Button } from "../../widgets/button";
import { clearFilters, narrow, query } from "./desk";
import { FILTERS, type Filter, SORTS } from "./filters";

/** Filters on the left. A choice counts at once, what is typed when it is done. */
export function FilterPanel() {
  const asked = Object.keys(query.value).filter((name) => name !== "sort").length;
  return (
    <aside class="filters" aria-label="Filters">
      <label class="filter">
        Order
        <select
          value={query.value.sort ?? "id"}
          onChange={({ currentTarget }) => void narrow({ sort: currentTarget.value })}
        >
          {SORTS.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      {FILTERS.map(({ group, filters }) => (
        <fieldset key={group}>
          <legend>{group}</legend>
          {filters.map((filter) => (
            <Field key={filter.name} {...filter} />
          ))}
        </fieldset>
      ))}
      <Button disabled={asked === 0} onClick={() => void clearFilters()}>
        Clear {asked > 0 ? `${asked} ` : ""}filter{asked === 1 ? "" : "s"}
      </Button>
    </aside>
  );
}

function Field({ name, label, choices, hint = "", kind = "text" }: Filter) {
  const id = useId();
  const value = String(query.value[name] ?? "");
  const ask = (event: { currentTarget: { value: string } }) => {
    void narrow({ [name]: event.currentTarget.value });
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
