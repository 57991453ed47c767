import type { Waiting } from "../../api/review";
import { reviewPath } from "../../route";
import { Card, Empty } from "../../widgets/card";
import { counted, moment } from "../../words";

/** Labels that wait for review, the oldest first. */
export function WaitingPanel({ slug, rows }: { slug: string; rows: Waiting[] }) {
  return (
    <Card
      title="What waits for review?"
      note={rows.length > 0 && counted(rows.length, "label")}
      span="wide"
    >
      {rows.length === 0 ? (
        <Empty>Every label that was drawn for review is reviewed.</Empty>
      ) : (
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">Place</th>
              <th scope="col">lane</th>
              <th scope="col">author</th>
              <th scope="col">handed in</th>
              <th scope="col">warnings</th>
              <th scope="col">reviewer</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.task}>
                <th scope="row">
                  {row.own || row.reviewer ? (
                    row.place
                  ) : (
                    <a href={`${reviewPath(slug)}?task=${row.task}`}>{row.place}</a>
                  )}
                </th>
                <td>{row.lane}</td>
                <td>{row.own ? "you" : row.author}</td>
                <td>{moment(row.submitted)}</td>
                <td>{row.overruled.length || "–"}</td>
                <td>{row.reviewer || "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}
