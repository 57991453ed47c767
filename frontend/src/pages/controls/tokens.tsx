import { useEffect, useState } from "preact/hooks";
import { createToken, fetchTokens, revokeToken, type Token } from "../../api/controls";
import { Ask } from "../../widgets/ask";
import { Card, Empty } from "../../widgets/card";
import { day } from "../../words";
import { busy, campaign, said, trying } from "./desk";

/** Tokens with which programs come in. */
export function TokensPanel() {
  const { slug } = campaign.value!;
  const [tokens, setTokens] = useState<Token[] | null>(null);
  const [secret, setSecret] = useState("");
  const renew = async () => setTokens((await fetchTokens(slug)).results);
  useEffect(() => void trying(renew), [slug]);
  const revoke = (token: Token) =>
    void trying(async () => {
      await revokeToken(slug, token.id);
      await renew();
      said.value = `${token.name} opens nothing any more.`;
    });
  return (
    <Card title="Which programs may come in?" span="full">
      {tokens?.length === 0 && <Empty>No token yet.</Empty>}
      {tokens && tokens.length > 0 && (
        <table class="numbers people">
          <thead>
            <tr>
              <th scope="col">Token</th>
              <th scope="col">acts as</th>
              <th scope="col">role</th>
              <th scope="col">ends</th>
              <th scope="col">last used</th>
              <th scope="col">state</th>
            </tr>
          </thead>
          <tbody>
            {tokens.map((token) => (
              <tr key={token.id}>
                <th scope="row">
                  {token.name} <span class="faint">{token.shown}…</span>
                </th>
                <td>{token.username}</td>
                <td>
                  {token.role}
                  {token.read_only && ", reads only"}
                </td>
                <td>{day(token.expires)}</td>
                <td>{token.used ? day(token.used) : "never"}</td>
                <td class="acts">
                  {token.revoked ? (
                    "revoked"
                  ) : (
                    <Ask
                      label="Revoke"
                      question={`Programs with ${token.name} are locked out at once. Revoke it?`}
                      act={() => revoke(token)}
                    />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {secret && (
        <p class="note warn">
          <label class="grow">
            Copy it now: it is shown this once.
            <input class="secret" readOnly value={secret} />
          </label>
        </p>
      )}
      <NewToken
        made={async (found) => {
          setSecret(found);
          await renew();
        }}
      />
    </Card>
  );
}

function NewToken({ made }: { made: (secret: string) => Promise<void> }) {
  const { slug } = campaign.value!;
  const [name, setName] = useState("");
  const [username, setUsername] = useState("");
  const [days, setDays] = useState("90");
  const make = () =>
    trying(async () => {
      const order = { name: name.trim(), read_only: true, days: Number(days) };
      const who = username.trim();
      const token = await createToken(
        slug,
        who ? { ...order, username: who, read_only: false } : order,
      );
      await made(token.secret ?? "");
      setName("");
    });
  return (
    <form
      class="start wide"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <label>
        What for
        <input
          value={name}
          maxLength={80}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
      <label>
        Account of role service (empty: you, reading only)
        <input value={username} onInput={({ currentTarget }) => setUsername(currentTarget.value)} />
      </label>
      <label>
        Days
        <input
          class="short"
          inputMode="numeric"
          value={days}
          onInput={({ currentTarget }) => setDays(currentTarget.value)}
        />
      </label>
      <button
        type="submit"
        class="button main"
        disabled={busy.value || !name.trim() || !Number.isInteger(Number(days))}
      >
        Make a token
      </button>
    </form>
  );
}
