import { useEffect, useState } from "preact/hooks";
import { type CatalogueTile, fetchCatalogue } from "../../api/catalogue";
import { type Problem, problemOfThrown } from "../../api/problems";
import { cataloguePath } from "../../route";
import { Synthetic } from "../../widgets/badge";
import { Button } from "../../widgets/button";
import { Thumb } from "../../widgets/thumb";
import { day, percent } from "../../words";
import { searchOf } from "../catalogue/filters";
import { campaign, clicked, footprints } from "./desk";
import { type Footprints, idOf, NOTHING } from "./footprints";

/** The tile that was clicked: what is seen of it, and where to go on. */
export function TileCard() {
  const open = clicked.value;
  const shown = footprints.value;
  if (!open || !shown) return null;
  const { places, at } = open;
  const turn = (by: number) => {
    clicked.value = { places, at: (at + by + places.length) % places.length };
  };
  const close = () => {
    clicked.value = null;
  };
  return (
    <section class="tilecard" aria-label="Tile">
      <header>
        {places.length > 1 && (
          <>
            <Button title="The one before" onClick={() => turn(-1)}>
              ‹
            </Button>
            <span role="status">
              {at + 1} of {places.length} here
            </span>
            <Button title="The next one" onClick={() => turn(1)}>
              ›
            </Button>
          </>
        )}
        <span class="grow" />
        <Button look="quiet" title="Close the card" onClick={close}>
          ×
        </Button>
      </header>
      <About key={places[at]} shown={shown} place={places[at]} />
    </section>
  );
}

function About({ shown, place }: { shown: Footprints; place: number }) {
  const [tile, setTile] = useState<CatalogueTile | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    let wanted = true;
    lookUp(shown, place).then(
      (found) => wanted && setTile(found),
      (error) => wanted && setProblem(problemOfThrown(error)),
    );
    return () => {
      wanted = false;
    };
  }, []);
  const score = shown.scores[place];
  return (
    <>
      <Thumb tile={idOf(shown, place)} side={192} alt="The tile, small" />
      {tile && (
        <p>
          <strong>{tile.place}</strong> <span class="faint">{day(tile.datetime)}</span>{" "}
          {tile.synthetic && <Synthetic />}
        </p>
      )}
      <dl>
        <Fact name="task" value={taskOf(shown, place)} />
        <Fact name="split" value={shown.splitNames[shown.splits[place]]} />
        <Fact name="score" value={Number.isNaN(score) ? "–" : score.toFixed(2)} />
        {shown.classes.map(({ code, name }, k) => (
          <Fact key={code} name={name} value={shareOf(shown, place, k)} />
        ))}
      </dl>
      {tile?.why && <p class="hint">{tile.why}</p>}
      {problem && <p class="hint warn">{problem.message}</p>}
      {tile && (
        <a
          class="button"
          href={cataloguePath(campaign.value!.slug) + searchOf({ place: tile.place })}
        >
          Its dates and masks in the catalogue
        </a>
      )}
    </>
  );
}

const Fact = ({ name, value }: { name: string; value: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);

function taskOf(shown: Footprints, place: number): string {
  if (shown.states[place] === NOTHING) return "none";
  const state = shown.stateNames[shown.states[place]].replace("_", " ");
  return `${state}, ${shown.laneNames[shown.lanes[place]]}`;
}

function shareOf(shown: Footprints, place: number, k: number): string {
  const share = shown.shares[k * shown.count + place];
  return share === NOTHING ? "–" : percent(share / shown.fullShare);
}

/** What the catalogue says of it; null where it left the campaign meanwhile. */
async function lookUp(shown: Footprints, place: number): Promise<CatalogueTile | null> {
  const wanted = { tile: idOf(shown, place), limit: 1 };
  return (await fetchCatalogue(campaign.value!.slug, wanted)).results[0] ?? null;
}
