import type { Flag } from "../../api/quality";
import { Button } from "../../widgets/button";
import { Card, Empty } from "../../widgets/card";
import { counted, day, moment } from "../../words";
import { decide, hasMoreFlags, moreFlags } from "./desk";

/** Why a tile was skipped, in words. */
export const REASONS: Record<string, string> = {
  bad_imagery: "the picture is broken",
  cannot_decide: "it can’t be told what is what",
  technical: "the workbench failed",
};

/** What was skipped or flagged: closed, given to somebody else, or noted. */
export function FlagsPanel({ flags }: { flags: Flag[] }) {
  return (
    <Card
      title="What was skipped or flagged?"
      note={flags.length > 0 && counted(flags.length, "flag")}
    >
      {flags.length === 0 && <Empty>Nothing waits for a decision.</Empty>}
      <ol class="flags">
        {flags.map((flag) => (
          <FlagItem key={flag.id} flag={flag} />
        ))}
      </ol>
      {hasMoreFlags() && <Button onClick={() => void moreFlags()}>Later ones</Button>}
    </Card>
  );
}

function FlagItem({ flag }: { flag: Flag }) {
  const { place, datetime, person, skipped, reason, note, created, state } = flag;
  const away = skipped && state === "skipped";
  return (
    <li>
      <p>
        <strong>{place}</strong> <span class="faint">{day(datetime)}</span>
      </p>
      <p>
        {skipped ? "Skipped" : "Flagged"} by {person}, {moment(created)}:{" "}
        {REASONS[reason] ?? reason}
      </p>
      {note && <blockquote>{note}</blockquote>}
      <p class="row">
        {away ? (
          <>
            <Button onClick={() => void decide(flag, "reopened")}>Give it to somebody else</Button>
            <Button onClick={() => void decide(flag, "closed")}>Don’t label it</Button>
          </>
        ) : (
          <Button onClick={() => void decide(flag, "noted")}>Noted</Button>
        )}
      </p>
    </li>
  );
}
