import { useEffect, useState } from "preact/hooks";
import {
  addMember,
  changeMember,
  fetchInvitation,
  fetchMembers,
  type Member,
  type Role,
  removeMember,
} from "../../api/controls";
import { Ask } from "../../widgets/ask";
import { Button } from "../../widgets/button";
import { Card, Empty } from "../../widgets/card";
import { day } from "../../words";
import { busy, campaign, said, trying } from "./desk";

const ROLES: { role: Role; may: string }[] = [
  { role: "annotator", may: "labels" },
  { role: "reviewer", may: "labels and reviews, sees everybody’s work" },
  { role: "lead", may: "all of it, and these controls" },
  { role: "service", may: "a program: reads, doesn’t label" },
];

/** Who belongs to the campaign and may do what. */
export function PeoplePanel() {
  const [members, setMembers] = useState<Member[] | null>(null);
  const { slug } = campaign.value!;
  const renew = async () => setMembers(await fetchMembers(slug));
  useEffect(() => void trying(renew), [slug]);
  return (
    <>
      <Card title="Who belongs to this campaign?" span="full">
        {members === null ? (
          <Empty>Loading …</Empty>
        ) : (
          <table class="numbers people">
            <thead>
              <tr>
                <th scope="col">Person</th>
                <th scope="col">role</th>
                <th scope="col">level</th>
                <th scope="col">qualified</th>
                <th scope="col">last seen</th>
                <th scope="col">
                  <span class="unseen">what to do</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {members.map((member) => (
                <MemberRow key={member.username} member={member} renew={renew} />
              ))}
            </tbody>
          </table>
        )}
        <p class="hint">
          Level 0 is new; each level may have other review rates, and hard tiles go to proven ones.
          Good gold tiles raise it by themselves.
        </p>
      </Card>
      <Adding renew={renew} />
    </>
  );
}

interface RowProps {
  member: Member;
  renew: () => Promise<void>;
}

function MemberRow({ member, renew }: RowProps) {
  const { slug } = campaign.value!;
  const { username, name, role, level, active } = member;
  const [link, setLink] = useState("");
  const set = (standing: { role: Role; level: number }) =>
    void trying(async () => {
      try {
        await changeMember(slug, username, { role, level }, standing);
        said.value = `${username} is ${standing.role} of level ${standing.level} now.`;
      } finally {
        await renew();
      }
    });
  const remove = () =>
    void trying(async () => {
      await removeMember(slug, username);
      await renew();
      said.value = `${username} was ${role} of level ${level}; add them again to undo it.`;
    });
  const invite = () =>
    void trying(async () => {
      const { path } = await fetchInvitation(slug, username);
      setLink(new URL(path, location.href).href);
    });
  return (
    <tr>
      <th scope="row">
        {name || username} {name && <span class="faint">{username}</span>}
        {!active && <span class="warn"> account closed</span>}
        {link && (
          <input
            class="secret"
            readOnly
            aria-label={`Link for ${username}: works once, for three days`}
            value={link}
            onFocus={({ currentTarget }) => currentTarget.select()}
          />
        )}
      </th>
      <td>
        <select
          aria-label={`Role of ${username}`}
          value={role}
          onChange={({ currentTarget }) => set({ role: currentTarget.value as Role, level })}
        >
          {ROLES.map(({ role: each, may }) => (
            <option key={each} value={each} title={may}>
              {each}
            </option>
          ))}
        </select>
      </td>
      <td>
        <select
          aria-label={`Level of ${username}`}
          value={level}
          onChange={({ currentTarget }) => set({ role, level: Number(currentTarget.value) })}
        >
          {LEVELS.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </td>
      <td>{member.qualified ? day(member.qualified) : "–"}</td>
      <td>{member.last_login ? day(member.last_login) : "never"}</td>
      <td class="acts">
        {member.invitable && (
          <Button title="A link by which the person sets a password" onClick={invite}>
            Link
          </Button>
        )}
        <Ask
          label="Take out"
          question={`End ${username}’s part? Labels stay; tiles in hand go back to the queue.`}
          act={remove}
        />
      </td>
    </tr>
  );
}

const LEVELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const NOBODY = { username: "", name: "", email: "", role: "annotator" as Role, level: 0 };

function Adding({ renew }: { renew: () => Promise<void> }) {
  const [newcomer, setNewcomer] = useState(NOBODY);
  const { slug } = campaign.value!;
  const put = (part: Partial<typeof NOBODY>) => setNewcomer({ ...newcomer, ...part });
  const add = async () => {
    const went = await trying(async () => {
      const made = await addMember(slug, { ...newcomer, username: newcomer.username.trim() });
      await renew();
      const next = made.invitable ? " Send the link that the button in the list makes." : "";
      said.value = `${made.username} is ${made.role} now.${next}`;
    });
    if (went) setNewcomer(NOBODY);
  };
  const word = (name: "username" | "name" | "email", label: string) => (
    <label>
      {label}
      <input
        value={newcomer[name]}
        maxLength={150}
        onInput={({ currentTarget }) => put({ [name]: currentTarget.value })}
      />
    </label>
  );
  return (
    <Card title="Who is new?" span="full" note="an account is made where nobody has the name">
      <form
        class="start wide"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        {word("username", "User name")}
        {word("name", "Name")}
        {word("email", "E-mail (may stay empty)")}
        <label>
          Role
          <select
            value={newcomer.role}
            onChange={({ currentTarget }) => put({ role: currentTarget.value as Role })}
          >
            {ROLES.map(({ role, may }) => (
              <option key={role} value={role}>
                {role}: {may}
              </option>
            ))}
          </select>
        </label>
        <button
          type="submit"
          class="button main"
          disabled={busy.value || newcomer.username.trim() === ""}
        >
          Add
        </button>
      </form>
    </Card>
  );
}
