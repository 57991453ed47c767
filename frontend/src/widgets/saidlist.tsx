import { useState } from "preact/hooks";
import { thumbnailOf } from "../api/calls";
import type { Said, SaidPage } from "../api/own";
import { fetchFixed, fetchLabel } from "../api/planes";
import { changes } from "../compare/difference";
import { maskPicture, nameOf, type Shade } from "../compare/painting";
import type { Palette } from "../editor/overlay";
import { day, grouped, moment } from "../words";
import { Synthetic } from "./badge";
import { LabelPicture } from "./labelpicture";

interface SaidListProps {
  page: SaidPage;
  shades: Shade[];
  palette: Palette;
}

/** Verdicts on one's labels: the reviewer's words beside a picture. */
export function SaidList({ page, shades, palette }: SaidListProps) {
  return (
    <ol class="said">
      {page.results.map((said) => (
        <SaidItem
          key={said.id}
          said={said}
          reason={page.reasons[said.reason] ?? said.reason}
          shades={shades}
          palette={palette}
        />
      ))}
    </ol>
  );
}

const VERDICTS = { accepted: "Accepted", fixed: "Fixed", rejected: "Sent back" };
const REWORKS: Record<string, string> = {
  open: "waits for you to draw it anew",
  reserved: "is being drawn anew",
  submitted: "was drawn anew, and waits for review",
  in_review: "was drawn anew, and is being reviewed",
  accepted: "was drawn anew and accepted",
  rejected: "was drawn anew and sent back again",
};

interface SaidItemProps extends Omit<SaidListProps, "page"> {
  said: Said;
  reason: string;
}

function SaidItem({ said, reason, shades, palette }: SaidItemProps) {
  const { tile, verdict, note, reviewer, created, rework } = said;
  const [changed, setChanged] = useState("");
  const seen = verdict === "fixed" ? "what the reviewer changed" : "your label";
  const overlay = () =>
    verdict === "fixed" ? difference(said, shades, palette, setChanged) : own(said, palette);
  return (
    <li>
      <LabelPicture image={thumbnailOf(tile.id)} overlay={overlay} alt={`${tile.place}, ${seen}`} />
      <div class="grow">
        <p>
          <strong class={`state ${verdict}`}>{VERDICTS[verdict]}</strong> by {reviewer},{" "}
          {moment(created)} {tile.synthetic && <Synthetic />}
        </p>
        {reason && <p>{reason}</p>}
        {note && <blockquote>{note}</blockquote>}
        {changed && <p>{changed}</p>}
        <p class="faint">
          {tile.place} · {day(tile.datetime)}
          {rework && ` · ${REWORKS[rework] ?? ""}`}
        </p>
      </div>
    </li>
  );
}

async function own({ annotation, tile }: Said, palette: Palette) {
  return maskPicture(await fetchLabel(annotation, tile), tile, palette);
}

/** Only what the reviewer changed, in the classes that he gave it. */
async function difference(
  { id, tile }: Said,
  shades: Shade[],
  palette: Palette,
  tell: (words: string) => void,
) {
  const [mine, fixed] = await fetchFixed(id, tile);
  const found = changes(mine, fixed).slice(0, 3);
  const said = found.map(
    ({ from, to, cells }) => `${grouped(cells)} px ${nameOf(shades, from)} → ${nameOf(shades, to)}`,
  );
  tell(said.join(" · "));
  const where = fixed.map((code, i) => (code === mine[i] ? 0 : 1));
  return maskPicture(fixed, tile, bold(palette), { where });
}

// A change to "clear" has to be seen too, where a clear sky is else left open.
function bold(palette: Palette): Palette {
  const filled = palette.filled.slice();
  filled[0] = 1;
  return { ...palette, filled };
}
