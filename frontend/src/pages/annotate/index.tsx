import { useEffect } from "preact/hooks";
import { fetchCampaign, fetchMe } from "../../api/calls";
import { problemOfThrown } from "../../api/problems";
import { chordOf } from "../../chord";
import { dropOldDrafts } from "../../drafts";
import { StatusBar, TopBar } from "./bars";
import { Board } from "./board";
import { openNext } from "./claiming";
import { campaign, choices, me } from "./desk";
import { takeClass } from "./hand";
import { Help } from "./help";
import { hasUnsaved, keepDrawing, keepNow } from "./keeping";
import { keyFor } from "./keys";
import { noteActivity, watchLease } from "./lease";
import { helpOpen, keepLook, panelOpen, peeking } from "./look";
import { Messages } from "./messages";
import { Panel } from "./panel";
import { phase } from "./phase";
import { SunCompass } from "./sun";
import { Toolbar } from "./toolbar";

export default function AnnotatePage({ slug }: { slug: string }) {
  useEffect(() => {
    const stops = [keepDrawing(), watchLease(), keepLook(localStorage, slug), listen()];
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

async function start(slug: string): Promise<void> {
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
  await openNext();
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
  if (!key) return;
  event.preventDefault();
  key.run(chordOf(event));
}

function onKeyUp(event: KeyboardEvent): void {
  keyFor(event)?.up?.();
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
