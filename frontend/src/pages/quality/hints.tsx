import { fetchHints, type HintReport } from "../../api/quality";
import { useAnswer } from "../../widgets/asked";
import { Card, Empty } from "../../widgets/card";
import { counted } from "../../words";
import { nameOfClass } from "./desk";
import { estimated, pullInWords, share } from "./hintwords";
import { Refusal } from "./refusal";

/** Labels drawn with the pre-label in sight against those drawn without it. */
export function HintsPanel({ slug }: { slug: string }) {
  const { value: found, problem, loading } = useAnswer(() => fetchHints(slug), [slug]);
  return (
    <Card title="Do pre-labels pull people?" span="wide">
      <Refusal problem={problem} />
      {loading && <Empty>Loading …</Empty>}
      {found && (found.hinted.labels || found.plain.labels ? <Report found={found} /> : <None />)}
    </Card>
  );
}

const None = () => (
  <Empty>
    No label of an active tile yet: a share of them is drawn without the pre-label, to compare with.
  </Empty>
);

function Report({ found }: { found: HintReport }) {
  const { hinted, plain, pull, agreement_gap: gap, evened, versions } = found;
  const classes = [...new Set([...Object.keys(hinted.iou), ...Object.keys(plain.iou)])];
  return (
    <>
      <p>{pullInWords(pull)}</p>
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">
              <span class="unseen">Figure</span>
            </th>
            <th scope="col">pre-label shown</th>
            <th scope="col">not shown</th>
            <th scope="col">difference</th>
          </tr>
        </thead>
        <tbody>
          <Row name="labels" shown={String(hinted.labels)} hidden={String(plain.labels)} />
          <Row
            name="pixels that differ from the pre-label"
            shown={estimated(hinted.changed)}
            hidden={estimated(plain.changed)}
            difference={estimated(pull)}
          />
          <Row
            name="handed in as the pre-label was"
            shown={share(hinted.untouched)}
            hidden={share(plain.untouched)}
          />
          <Row
            name="pixels on which an unaided second person agrees"
            shown={estimated(hinted.agreement)}
            hidden={estimated(plain.agreement)}
            difference={estimated(gap)}
          />
          {classes.map((code) => (
            <Row
              key={code}
              name={`IoU of pre-label and label, ${nameOfClass(Number(code))}`}
              shown={figure(hinted.iou[code])}
              hidden={figure(plain.iou[code])}
            />
          ))}
        </tbody>
      </table>
      {versions.length > 0 && <Versions versions={versions} />}
      <p class="hint">
        In brackets the 95 % interval over tiles. Left out: {counted(evened, "label")} whose
        pre-label was withheld for a person’s balance.
      </p>
    </>
  );
}

interface RowProps {
  name: string;
  shown: string;
  hidden: string;
  difference?: string;
}

const Row = ({ name, shown, hidden, difference = "" }: RowProps) => (
  <tr>
    <th scope="row">{name}</th>
    <td>{shown}</td>
    <td>{hidden}</td>
    <td>{difference}</td>
  </tr>
);

function Versions({ versions }: { versions: HintReport["versions"] }) {
  return (
    <details>
      <summary>By the pre-label that was shown</summary>
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">Pre-label</th>
            <th scope="col">labels</th>
            <th scope="col">changed</th>
            <th scope="col">left as it was</th>
          </tr>
        </thead>
        <tbody>
          {versions.map(({ source, version, labels, changed, untouched }) => (
            <tr key={`${source} ${version}`}>
              <th scope="row">
                {source} <span class="faint">{version.slice(0, 12)}</span>
              </th>
              <td>{labels}</td>
              <td>{share(changed)}</td>
              <td>{share(untouched)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

const figure = (value: number | null | undefined) => (value == null ? "–" : value.toFixed(2));
