import { useState } from "preact/hooks";
import { cardPath, fetchCard, fetchSources } from "../../api/models";
import type { Model, ModelPage } from "../../api/types";
import { useAnswer } from "../../widgets/asked";
import { Empty } from "../../widgets/card";
import { cardRows, type Group, groupsOf, type Told } from "./carddata";
import { models } from "./models";
import { nameOf } from "./modelsdata";
import { Panel } from "./panel";

const OPEN = 3; // groups that are open from the beginning

/** One model's card, or two beside each other: at first the newest beside the champion. */
export function ModelCardPanel({ slug }: { slug: string }) {
  const page = models.value;
  const all = page ? known(page) : [];
  const [chosen, setChosen] = useState("");
  const [other, setOther] = useState<string | null>(null);
  const [only, setOnly] = useState(false);
  const model = all.find(({ hash }) => hash === chosen) ?? all[0];
  const second = all.find(({ hash }) => hash === (other ?? page?.champion?.hash));
  const wanted = [model, second].filter((each, k) => each && (!k || each !== model)) as Model[];
  const answered = useAnswer(
    () => Promise.all(wanted.map((each) => tell(slug, each))),
    [slug, wanted.map(({ hash }) => hash).join()],
  );
  const told = answered.value ?? [];
  const groups = groupsOf(told);
  return (
    <Panel
      title="What is this model?"
      span="full"
      problem={answered.problem}
      loading={!page || answered.loading}
      figures={told.length ? cardRows(told, groups) : []}
    >
      {!model && <Empty>No model yet: its card comes with the first one.</Empty>}
      {model && (
        <div class="row cardpick">
          <Choice label="Model" value={model.hash} all={all} choose={setChosen} />
          <Choice
            label="beside"
            none="no other"
            value={wanted[1]?.hash ?? ""}
            all={all.filter((each) => each !== model)}
            choose={setOther}
          />
          {told.length > 1 && (
            <label class="check">
              <input
                type="checkbox"
                checked={only}
                onChange={({ currentTarget }) => setOnly(currentTarget.checked)}
              />
              Only what differs
            </label>
          )}
          {wanted.map((each) => (
            <a key={each.hash} class="button" href={cardPath(slug, each.hash)} download>
              Download the card of {nameOf(each)}
            </a>
          ))}
        </div>
      )}
      {told.length > 0 && (
        <div class="cardgroups">
          {groups.map((group, k) => (
            <Facts
              key={group.title}
              group={group}
              told={told}
              only={only && told.length > 1}
              open={k < OPEN}
            />
          ))}
        </div>
      )}
    </Panel>
  );
}

/** The newest models; a champion that is older than those, too. */
const known = ({ results, champion }: ModelPage): Model[] =>
  champion && !results.some(({ hash }) => hash === champion.hash)
    ? [...results, champion]
    : results;

async function tell(slug: string, model: Model): Promise<Told> {
  const [card, sources] = await Promise.all([
    fetchCard(slug, model.hash),
    model.snapshot ? fetchSources(model.snapshot) : null,
  ]);
  return { model, card, sources };
}

interface ChoiceProps {
  label: string;
  value: string;
  all: Model[];
  choose: (hash: string) => void;
  /** Words for choosing none; absent: one is chosen always. */
  none?: string;
}

function Choice({ label, value, all, choose, none }: ChoiceProps) {
  return (
    <label>
      {label}{" "}
      <select value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        {none && <option value="">{none}</option>}
        {all.map((each) => (
          <option key={each.hash} value={each.hash}>
            {nameOf(each)}, {each.state}
          </option>
        ))}
      </select>
    </label>
  );
}

interface FactsProps {
  group: Group;
  told: Told[];
  only: boolean;
  open: boolean;
}

function Facts({ group: { title, lines }, told, only, open }: FactsProps) {
  const shown = lines.filter(({ differs }) => differs || !only);
  if (!shown.length) return null;
  return (
    <details open={open}>
      <summary>{title}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard. */}
      <section class="sideways" tabIndex={0} aria-label={title}>
        <table class="numbers cardfacts">
          <thead>
            <tr>
              <th scope="col">
                <span class="unseen">Fact</span>
              </th>
              {told.map(({ model }) => (
                <th key={model.hash} scope="col">
                  {nameOf(model)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map(({ name, values, differs }) => (
              <tr key={name} class={differs ? "differs" : ""}>
                <th scope="row">{name}</th>
                {values.map((value, k) => (
                  <td key={told[k].model.hash}>{value}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}
