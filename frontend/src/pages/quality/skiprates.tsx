import { fetchSkipRates, type SkipRates } from "../../api/quality";
import { useAnswer } from "../../widgets/asked";
import { Card, Empty } from "../../widgets/card";
import { percent } from "../../words";
import { REASONS } from "./flags";
import { Refusal } from "./refusal";

/** Skips by the score that a tile was picked for. */
export function SkipRatesPanel({ slug }: { slug: string }) {
  const { value: found, problem, loading } = useAnswer(() => fetchSkipRates(slug), [slug]);
  return (
    <Card title="Are the hardest tiles skipped?" note={found && `round ${found.round}`}>
      <Refusal problem={problem} />
      {loading && <Empty>Loading …</Empty>}
      {!loading && !problem && !found?.bands.length && (
        <Empty>No finished round has tiles with a score yet.</Empty>
      )}
      {found && found.bands.length > 0 && <Bands bands={found.bands} />}
    </Card>
  );
}

function Bands({ bands }: { bands: SkipRates["bands"] }) {
  return (
    <>
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">Score</th>
            <th scope="col">labelled</th>
            <th scope="col">skipped</th>
            <th scope="col">rate</th>
            <th scope="col">why</th>
          </tr>
        </thead>
        <tbody>
          {bands.map(({ low, high, labelled, skipped, rate, by_reason: reasons }) => (
            <tr key={low}>
              <th scope="row">
                {low.toFixed(2)} … {high.toFixed(2)}
              </th>
              <td>{labelled}</td>
              <td>{skipped}</td>
              <td>{rate === null ? "–" : percent(rate)}</td>
              <td class="wide-words">
                {Object.entries(reasons)
                  .map(([reason, n]) => `${n}× ${REASONS[reason] ?? reason}`)
                  .join(", ")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hint">A high rate at the top means that the strategy picks what nobody can tell.</p>
    </>
  );
}
