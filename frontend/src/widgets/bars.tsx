export interface Bar {
  name: string;
  /** 0–1 of the whole width. */
  share: number;
  shown: string;
  colour?: string;
}

/** A table whose second column is a bar, for those who see it, and whose third is the figure. */
export function Bars({ bars, caption }: { bars: Bar[]; caption: string }) {
  return (
    <table class="bars">
      <caption class="unseen">{caption}</caption>
      <tbody>
        {bars.map(({ name, share, shown, colour }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="bar">
              <span style={{ width: `${100 * share}%`, background: colour ?? "var(--accent)" }} />
            </td>
            <td>{shown}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
