import { useState } from "preact/hooks";
import { type CvatPerson, fetchCvatPeople, mapCvatPerson, matchCvatPeople } from "../../api/lead";
import { problemOfThrown } from "../../api/problems";
import { type Answered, useAnswer } from "../../widgets/asked";
import { Button } from "../../widgets/button";
import { counted } from "../../words";

/** Who the members are in CVAT, found by name and e-mail or said by hand. */
export function CvatPeopleList({ slug }: { slug: string }) {
  const people = useAnswer(() => fetchCvatPeople(slug), [slug]);
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);
  const unknown = people.value?.filter(({ remote }) => remote === null).length ?? 0;
  const match = async () => {
    setBusy(true);
    setSaid(
      await told(
        async () => `${counted((await matchCvatPeople(slug)).length, "person", "people")} found.`,
      ),
    );
    setBusy(false);
    people.again();
  };
  return (
    <details class="acts">
      <summary>
        Who is who in CVAT{unknown > 0 && <span class="warn"> · {unknown} not known there</span>}
      </summary>
      {people.problem && <p class="warn">{people.problem.message}</p>}
      <p class="row">
        <Button disabled={busy} onClick={() => void match()}>
          Find by name and e-mail
        </Button>
        <span role="status">{said}</span>
      </p>
      <table class="numbers who">
        <thead>
          <tr>
            <th scope="col">Here</th>
            <th scope="col">in CVAT</th>
            <th scope="col">tiles given out there</th>
            <th scope="col">
              <span class="unseen">save</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {people.value?.map((person) => (
            <Person key={person.username} person={person} slug={slug} people={people} />
          ))}
        </tbody>
      </table>
    </details>
  );
}

interface PersonProps {
  person: CvatPerson;
  slug: string;
  people: Answered<CvatPerson[]>;
}

function Person({
  person: { username, role, there: known, serves: served },
  slug,
  people,
}: PersonProps) {
  const [there, setThere] = useState(known);
  const [serves, setServes] = useState(served);
  const [refusal, setRefusal] = useState("");
  const changed = there.trim() !== known || serves !== served;
  const save = async () => {
    const body = { username, there: there.trim(), serves };
    setRefusal(await told(() => mapCvatPerson(slug, body).then(() => "")));
    people.again();
  };
  return (
    <tr>
      <th scope="row">
        {username} <span class="faint">{role}</span>
      </th>
      <td>
        <input
          type="text"
          aria-label={`User name of ${username} in CVAT; empty: nobody`}
          maxLength={150}
          value={there}
          onInput={({ currentTarget }) => setThere(currentTarget.value)}
        />
        {refusal && (
          <p class="warn" role="alert">
            {refusal}
          </p>
        )}
      </td>
      <td>
        <input
          type="checkbox"
          aria-label={`Tiles that ${username} reserves here are given out in CVAT`}
          checked={serves}
          onChange={({ currentTarget }) => setServes(currentTarget.checked)}
        />
      </td>
      <td>
        <Button disabled={!changed} onClick={() => void save()}>
          Save
        </Button>
      </td>
    </tr>
  );
}

/** What was said, or why it was refused. */
async function told(call: () => Promise<string>): Promise<string> {
  try {
    return await call();
  } catch (error) {
    const { message, help } = problemOfThrown(error);
    return `${message} ${help}`.trim();
  }
}
