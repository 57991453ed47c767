import { Synthetic } from "../../widgets/badge";
import { Button, IconButton } from "../../widgets/button";
import { clockTime, countdown, day, percent } from "../../words";
import { putBack } from "./claiming";
import { campaign, labelled, me, nameOf, work } from "./desk";
import { kept } from "./keeping";
import { leaseLeft, SHORT_LEASE } from "./lease";
import { composite, cursor, helpOpen } from "./look";
import { mayDraw, phase } from "./phase";
import { submitAndNext } from "./submitting";

export function TopBar() {
  return (
    <header class="topbar">
      <a class="back" href="/" aria-label="Home" title="Home">
        ◀
      </a>
      <TileTitle />
      <span class="grow" />
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
      <span class="value what">{valid[cell] ? nameOf(label[cell]) : "no data"}</span>
      {[...new Set(composite.value?.bands)].map((band) => (
        <span key={band} class="value reflectance" title="Reflectance, 0 to 1">
          {band} {valid[cell] ? (held.bands.get(band)![cell] / 10_000).toFixed(3) : "–"}
        </span>
      ))}
    </span>
  );
}

function KeptState() {
  const now = kept.value;
  if (now.state === "untouched" || !work.value) return null;
  const words = {
    waiting: "saving …",
    saved: now.state === "saved" ? `saved ${clockTime(now.at)}` : "",
    impossible: "not saved in this browser",
  };
  return (
    <span
      class={now.state === "impossible" ? "warn" : "faint"}
      title="In this browser, until you submit"
    >
      {words[now.state]}
    </span>
  );
}

function Lease() {
  if (!work.value) return null;
  const short = leaseLeft.value < SHORT_LEASE;
  return (
    <span
      class={short ? "warn" : "faint"}
      title="The tile is yours for this long; working on it starts the time anew"
    >
      {short ? "yours for only" : "yours for"}{" "}
      <span class="value">{countdown(leaseLeft.value)}</span>
    </span>
  );
}
