import { useEffect } from "preact/hooks";
import { claimNext, fetchCampaign, fetchMe } from "../../api/calls";
import { problemOfThrown } from "../../api/problems";
import { chordOf } from "../../chord";
import { dropOldDrafts } from "../../drafts";
import { StatusBar, TopBar } from "./bars";
import { followTile } from "./beside";
import { Board } from "./board";
import { openNext } from "./claiming";
import { campaign, choices, me } from "./desk";
import { takeClass, wholePending } from "./hand";
import { followHeat } from "./heat";
import { Help } from "./help";
import { followPrelabel } from "./hints";
import { hasUnsaved, keepDrawing, keepNow } from "./keeping";
import { keyFor } from "./keys";
import { noteActivity, watchLease } from "./lease";
import { followPanes, helpOpen, keepLook, panelOpen, peeking } from "./look";
import { followMargin } from "./margin";
import { Messages } from "./messages";
import { Panel } from "./panel";
import { phase } from "./phase";
import { followRegions } from "./regions";
import { sendDrawing } from "./sending";
import { sendQueued } from "./submitting";
import { SunCompass } from "./sun";
import { Toolbar } from "./toolbar";
import { makeGrains } from "./tools/superpixel";
import "./annotate.css";

export default function AnnotatePage({ slug }: { slug: string }) {
  useEffect(() => {
    // What the person chose last is taken up before anything follows it.
    const stops = [keepLook(localStorage, slug), ...follow(), listen()];
    void start(slug);
    return () => {
      for (const stop of stops) stop();
    };
  }, [slug]);
  return (
    <main class={`annotate ${panelOpen.value ? "" : "narrow"}`}>
      <TopBar />
      <Toolbar />
      <div class="middle">
        <Board />
        <SunCompass />
        <Messages />
      </div>
      <Panel />
      <StatusBar />
      {helpOpen.value && <Help />}
    </main>
  );
}

/** All that goes on beside the drawing; each returns what stops it. */
function follow(): (() => void)[] {
  return [
    keepDrawing(),
    sendDrawing(),
    sendQueued(),
    watchLease(),
    followTile(),
    followPrelabel(),
    followRegions(),
    followHeat(),
    followMargin(),
    followPanes(),
    makeGrains(),
  ];
}

async function start(slug: string): Promise<void> {
  // Asked for together: each answer would else wait for the one before it.
  const task = claimNext(slug, "active");
  task.catch(() => undefined); // told where the tile is opened
  try {
    [me.value, campaign.value] = await Promise.all([fetchMe(), fetchCampaign(slug)]);
  } catch (error) {
    phase.value = {
      name: "stuck",
      problem: problemOfThrown(error),
      retry: () => void start(slug),
    };
    return;
  }
  document.title = `${campaign.value.name} · annotate`;
  takeClass(choices.value.find(({ code }) => code === 1)?.code ?? choices.value[0].code);
  await openNext(task);
  await dropOldDrafts(Date.now()).catch(() => undefined);
}

function listen(): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  addEventListener("keydown", onKeyDown, { signal });
  addEventListener("keyup", onKeyUp, { signal });
  addEventListener("blur", stopPeeking, { signal });
  addEventListener("beforeunload", guard, { signal });
  addEventListener("pagehide", () => void keepNow(), { signal });
  return () => abort.abort();
}

function onKeyDown(event: KeyboardEvent): void {
  noteActivity();
  if (helpOpen.value ? event.key !== "?" : belongsElsewhere(event)) return;
  const key = keyFor(event);
  if (key?.group !== "Classes") wholePending.value = key?.chords.includes("w") ?? false;
  if (!key) return;
  event.preventDefault();
  key.run(chordOf(event));
}

/** By the key alone: a modifier may have been pressed, or the focus moved, since it went down. */
function onKeyUp({ key, code }: KeyboardEvent): void {
  const bare = { shiftKey: false, ctrlKey: false, metaKey: false, altKey: false };
  keyFor({ key, code, ...bare })?.up?.();
}

/** Keys that a focused control needs for itself. */
function belongsElsewhere({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches("input[type=range]")) return key.startsWith("Arrow");
  if (target.matches("button, a")) return key === "Enter" || key === " ";
  return target.matches("input, textarea, select");
}

function stopPeeking(): void {
  peeking.value = false;
}

function guard(event: BeforeUnloadEvent): void {
  if (hasUnsaved() || phase.value.name === "submitting") event.preventDefault();
}
