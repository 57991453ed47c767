import { useState } from "preact/hooks";
import type { Agreement, PeoplePair } from "../../api/quality";
import { Card, Empty } from "../../widgets/card";
import { counted, percent } from "../../words";
import { agreement, nameOfClass } from "./desk";
import { Matrix } from "./matrix";

const figure = (value: number | null) => (value === null ? "–" : value.toFixed(2));
const range = (ends: number[] | null) =>
  ends ? `${ends[0].toFixed(2)} … ${ends[1].toFixed(2)}` : "–";

/** Kappa and alpha, by class, with and without the borders. */
export function AgreementPanel({ found }: { found: Agreement }) {
  const rows = [
    ["all pixels", found.whole],
    ["away from borders", found.inner],
    ...(found.together ? ([["thick and thin as one", found.together]] as const) : []),
  ] as const;
  return (
    <Card
      title="How far do two people agree?"
      note={`${counted(found.pairs, "pair")} of ${counted(found.tiles, "tile")}`}
      span="wide"
    >
      {found.pairs === 0 ? (
        <Empty>No tile has been labelled by two people who didn’t see each other’s label.</Empty>
      ) : (
        <>
          <table class="numbers">
            <thead>
              <tr>
                <th scope="col">pixels</th>
                <th scope="col">Cohen’s kappa</th>
                <th scope="col">95 %</th>
                <th scope="col">Krippendorff’s alpha</th>
                <th scope="col">95 %</th>
                <th scope="col">agreed</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(([name, measures]) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{figure(measures.kappa)}</td>
                  <td>{range(measures.kappa_interval)}</td>
                  <td>{figure(measures.alpha)}</td>
                  <td>{range(measures.alpha_interval)}</td>
                  <td>{measures.agreed === null ? "–" : percent(measures.agreed)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <ClassTable found={found} />
        </>
      )}
    </Card>
  );
}

function ClassTable({ found }: { found: Agreement }) {
  return (
    <table class="numbers">
      <thead>
        <tr>
          <th scope="col">class</th>
          <th scope="col">kappa</th>
          <th scope="col">away from borders</th>
          <th scope="col">alpha</th>
          <th scope="col">away from borders</th>
        </tr>
      </thead>
      <tbody>
        {found.classes.map(({ code, name, colour, kappa, kappa_inner, alpha, alpha_inner }) => (
          <tr key={code}>
            <th scope="row">
              <i class="swatch" style={{ background: colour }} /> {name}
            </th>
            <td>{figure(kappa)}</td>
            <td>{figure(kappa_inner)}</td>
            <td>{figure(alpha)}</td>
            <td>{figure(alpha_inner)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** People against people: who differs from whom, and in what. */
export function PairsPanel({ pairs }: { pairs: PeoplePair[] }) {
  const [chosen, setChosen] = useState(0);
  const pair = pairs[chosen];
  const names = agreement.value?.codes.map(nameOfClass) ?? [];
  return (
    <Card title="Who differs from whom?">
      {!pair && <Empty>No two people have labelled the same tile yet.</Empty>}
      {pair && (
        <>
          <label class="chooser">
            Pair{" "}
            <select
              value={chosen}
              onChange={({ currentTarget }) => setChosen(Number(currentTarget.value))}
            >
              {pairs.map(({ people, kappa }, k) => (
                <option key={people.join()} value={k}>
                  {people.join(" · ")}, kappa {figure(kappa)}
                </option>
              ))}
            </select>
          </label>
          <Matrix
            counts={pair.confusion}
            names={names}
            rows={pair.people[0]}
            columns={pair.people[1]}
          />
        </>
      )}
    </Card>
  );
}
