import type { Gold } from "../../api/quality";
import { Button } from "../../widgets/button";
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
                    <Button
                      title="Serve it no more: it becomes an example of the guide"
                      onClick={() => void retire(each.annotation)}
                    >
                      Retire
                    </Button>
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
