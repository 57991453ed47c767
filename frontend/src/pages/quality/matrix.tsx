import { percent } from "../../words";

interface MatrixProps {
  /** Pixels; a row for each class of the first person, a column for each of the second. */
  counts: number[][];
  names: string[];
  rows: string;
  columns: string;
}

/** A confusion matrix by row: what the second person called what the first called so. */
export function Matrix({ counts, names, rows, columns }: MatrixProps) {
  return (
    <table class="matrix">
      <caption class="hint">
        Of what {rows} called so (row), {columns} called …
      </caption>
      <thead>
        <tr>
          <th scope="col">
            <span class="unseen">class</span>
          </th>
          {names.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {counts.map((row, at) => {
          const sum = row.reduce((total, n) => total + n, 0);
          return (
            <tr key={names[at]}>
              <th scope="row">{names[at]}</th>
              {row.map((n, k) => (
                <td
                  key={names[k]}
                  class={at === k ? "same" : ""}
                  style={{ "--share": sum ? n / sum : 0 }}
                >
                  {sum ? percent(n / sum) : "–"}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
