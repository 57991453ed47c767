import type { Gold } from "../../api/quality";
import { Ask } from "../../widgets/ask";
import { Card, Empty } from "../../widgets/card";
import { retire } from "./desk";

/** Tiles that people are measured by; a retired one is an example of the guide. */
export function GoldPanel({ gold }: { gold: Gold[] }) {
  const served = gold.filter(({ active }) => active).length;
  return (
    <Card title="Which tiles measure people?" note={`${served} served`} span="full">
      {gold.length === 0 ? (
        <Empty>
          No gold tile yet. Ten to thirty accepted labels are a good start: manage.py gold add.
        </Empty>
      ) : (
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">Tile</th>
              <th scope="col">split</th>
              <th scope="col">label by</th>
              <th scope="col">compared</th>
              <th scope="col">waiting</th>
              <th scope="col">what it teaches</th>
              <th scope="col">state</th>
            </tr>
          </thead>
          <tbody>
            {gold.map((each) => (
              <tr key={each.annotation}>
                <th scope="row">{each.tile}</th>
                <td>{each.split}</td>
                <td>{each.author || "import"}</td>
                <td>{each.labels}</td>
                <td>{each.waiting}</td>
                <td class="wide-words">{each.guide || "–"}</td>
                <td>
                  {each.active ? (
                    <Ask
                      label="Retire"
                      question="Measure nobody by it from now on, and show it in the guide?"
                      act={() => void retire(each.annotation)}
                    />
                  ) : (
                    "in the guide"
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}
