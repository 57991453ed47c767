import { useState } from "preact/hooks";
import { Button } from "../../widgets/button";
import { counted, grouped } from "../../words";
import {
  busy,
  campaign,
  choose,
  chosen,
  compared,
  hasMore,
  said,
  sendToPicks,
  tiles,
} from "./desk";

/** What is listed, and what can be done with what is chosen. */
export function ActionBar() {
  const n = chosen.value.size;
  const listed = tiles.value.length;
  return (
    <footer class="actions">
      <span role="status">
        {said.value && !n ? `${said.value} ` : ""}
        {grouped(listed)}
        {hasMore.value ? " or more" : ""} listed{busy.value ? " …" : ""}
        {n > 0 && ` · ${counted(n, "tile")} chosen`}
      </span>
      {n > 0 ? (
        <Button look="quiet" onClick={() => choose([])}>
          Choose none
        </Button>
      ) : (
        <Button
          look="quiet"
          disabled={listed === 0}
          onClick={() => choose(tiles.value.map(({ id }) => id))}
        >
          Choose all listed
        </Button>
      )}
      <span class="grow" />
      <Button
        disabled={n !== 1}
        title="One chosen tile: label, model and rule masks, any two of them (⏎ on a tile)"
        onClick={() => {
          const [id] = chosen.value;
          compared.value = tiles.value.find((tile) => tile.id === id) ?? null;
        }}
      >
        Compare its masks
      </Button>
      {campaign.value?.role === "lead" && <Picks />}
    </footer>
  );
}

function Picks() {
  const [why, setWhy] = useState("");
  const n = chosen.value.size;
  const send = async () => {
    if (await sendToPicks(why.trim())) setWhy("");
  };
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <input
        type="text"
        aria-label="Why these tiles"
        placeholder="why these tiles"
        maxLength={80}
        value={why}
        onInput={({ currentTarget }) => setWhy(currentTarget.value)}
      />
      <button type="submit" class="button main" disabled={n === 0}>
        Have {n > 1 ? `these ${n}` : "it"} labelled
      </button>
    </form>
  );
}
