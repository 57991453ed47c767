import { Synthetic } from "../../widgets/badge";
import { Button, IconButton } from "../../widgets/button";
import { clockTime, countdown, day, percent } from "../../words";
import { putBack, takeBack } from "./claiming";
import { campaign, labelled, me, nameOf, type Work, work } from "./desk";
import { Finish, lastSubmitted } from "./finish";
import { kept } from "./keeping";
import { extend, leaseLeft, leaseShort, leaseShown } from "./lease";
import { cursor, helpOpen } from "./look";
import { mayDraw, phase } from "./phase";
import { sent } from "./sending";
import { askWhy } from "./skipping";
import { submitAndNext } from "./submitting";
import { view } from "./views";

export function TopBar() {
  return (
    <header class="topbar">
      <a class="back" href="/" aria-label="Home" title="Home">
        ◀
      </a>
      <TileTitle />
      <span class="grow" />
      <OpenInCvat />
      {lastSubmitted.value && (
        <Button
          look="quiet"
          shortcut="⇧B"
          title={`Your label of ${lastSubmitted.value.place}, until its review opens`}
          onClick={() => void takeBack()}
        >
          Take back
        </Button>
      )}
      <Button
        look="quiet"
        shortcut="X"
        title="Put the tile away, with a reason"
        disabled={!mayDraw.value}
        onClick={askWhy}
      >
        Skip
      </Button>
      <Button
        look="quiet"
        shortcut="⇧X"
        title="Give this tile back to the queue; your drawing stays in this browser"
        disabled={!mayDraw.value}
        onClick={() => void putBack()}
      >
        Put back
      </Button>
      <IconButton
        icon="help"
        label="Keys"
        shortcut="?"
        onClick={() => {
          helpOpen.value = true;
        }}
      />
      <span class="who" title="You are signed in as">
        {me.value?.name || me.value?.username}
      </span>
    </header>
  );
}

function OpenInCvat() {
  const url = work.value?.task.cvat_url;
  if (!url) return null;
  return (
    <a class="button quiet" href={url} target="_blank" rel="noreferrer" title="This tile's job">
      Open in CVAT
    </a>
  );
}

function TileTitle() {
  const tile = work.value?.task.tile;
  if (!tile) return <span class="title">{campaign.value?.name}</span>;
  const elevation = tile.sun_zenith === null ? null : Math.round(90 - tile.sun_zenith);
  const facts = [
    tile.place,
    day(tile.datetime),
    [tile.satellite, tile.level].filter(Boolean).join(" "),
    elevation === null ? "" : `sun ${elevation}° high`,
    tile.valid_share < 0.995 ? `${percent(1 - tile.valid_share)} without data` : "",
  ];
  return (
    <h1 class="title">
      {facts.filter(Boolean).join(" · ")} {tile.synthetic && <Synthetic />}
    </h1>
  );
}

export function StatusBar() {
  const busy = phase.value.name === "submitting";
  return (
    <footer class="statusbar">
      <UnderCursor />
      <span class="grow" />
      <span>
        labelled <span class="value">{percent(labelled.value)}</span>
      </span>
      <KeptState />
      <Lease />
      <Finish />
      <Button
        look="main"
        shortcut="⇧⏎"
        disabled={!mayDraw.value}
        onClick={() => void submitAndNext()}
      >
        {busy ? "Submitting …" : "Submit & next"}
      </Button>
    </footer>
  );
}

function UnderCursor() {
  const held = work.value;
  const at = cursor.value;
  if (!held || !at) return <span class="under" />;
  const { width, height, label, valid } = held.edits.drawing;
  const x = Math.floor(at.x);
  const y = Math.floor(at.y);
  if (x < 0 || y < 0 || x >= width || y >= height) return <span class="under" />;
  const cell = y * width + x;
  return (
    <span class="under">
      <span class="value xy">
        x {x} y {y}
      </span>
      <span class="value what">{valid[cell] ? nameOf(label[cell]) : notAsked(held, cell)}</span>
      {[...new Set(view.value?.bands)].slice(0, 3).map((band) => (
        <span key={band} class="value reflectance" title="Reflectance, 0 to 1">
          {band} {reflectance(held.bands.get(band)?.[cell])}
        </span>
      ))}
    </span>
  );
}

const notAsked = (held: Work, cell: number) =>
  [...held.bands.values()].some((band) => band[cell]) ? "not asked for" : "no data";

const reflectance = (value: number | undefined) => (value ? (value / 10_000).toFixed(3) : "–");

/** Where the drawing is kept: on the server, or so far in this browser only. */
function KeptState() {
  const here = kept.value;
  const there = sent.value;
  if (here.state === "untouched" || !work.value) return null;
  if (here.state === "impossible" && there.state !== "saved") {
    return <span class="warn">not saved in this browser</span>;
  }
  if (there.state === "conflict") return <span class="warn">drawn on elsewhere too</span>;
  if (there.state === "away") {
    const words = "Kept in this browser; it is sent as soon as the server answers";
    return (
      <span class="warn" title={words} role="status">
        offline · saved here
      </span>
    );
  }
  if (here.state === "waiting") return <span class="faint">saving …</span>;
  const at = there.state === "saved" ? there.at : here.state === "saved" ? here.at : 0;
  const where = there.state === "saved" ? "On the server" : "In this browser; soon on the server";
  return (
    <span class="faint" title={where}>
      saved {clockTime(at)}
    </span>
  );
}

function Lease() {
  if (!leaseShown.value) return null;
  return (
    <>
      <span
        class={leaseShort.value ? "warn" : "faint"}
        title="The tile is yours for this long; working on it starts the time anew"
        role="timer"
      >
        yours for {leaseShort.value && "only "}
        <span class="value">{countdown(leaseLeft.value)}</span>
      </span>
      <Button look="quiet" shortcut="⇧E" onClick={() => void extend()}>
        More time
      </Button>
    </>
  );
}
