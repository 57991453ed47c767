import type { Progress } from "../../api/types";
import { Card, Empty } from "../../widgets/card";
import { grouped } from "../../words";

export function PeoplePanel({ progress: { people } }: { progress: Progress }) {
  return (
    <Card title="Who labels?">
      {people.length === 0 ? (
        <Empty>Nobody is in this campaign yet. Add members in the administration.</Empty>
      ) : (
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">Person</th>
              <th scope="col">role</th>
              <th scope="col">submitted</th>
              <th scope="col">in hand</th>
            </tr>
          </thead>
          <tbody>
            {people.map(({ username, name, role, submitted, in_hand }) => (
              <tr key={username}>
                <th scope="row">{name || username}</th>
                <td>{role}</td>
                <td>{grouped(submitted)}</td>
                <td>{in_hand}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}
