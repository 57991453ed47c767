import { useEffect } from "preact/hooks";
import { keepLease } from "../../api/calls";
import { annotatePath, cataloguePath } from "../../route";
import { theme, wear } from "../../theme";
import { Synthetic } from "../../widgets/badge";
import { Button } from "../../widgets/button";
import { Failure } from "../../widgets/failure";
import { NoticeBar } from "../../widgets/notice";
import { TopBar } from "../../widgets/topbar";
import { day } from "../../words";
import { About } from "./about";
import { Actions } from "./actions";
import { campaign, held, helpOpen, notice, open, openNext, phase } from "./desk";
import { isChanged } from "./fixing";
import { Help } from "./help";
import { listenToKeys } from "./keys";
import { Panes } from "./panes";
import { Rejecting } from "./rejecting";
import "./review.css";

wear(theme.value);

const BEAT = 60_000; // milliseconds between words to the server that the review goes on
const IDLE = 120_000; // without a sign of the reviewer no more word is sent

export default function ReviewPage({ slug }: { slug: string }) {
  useEffect(() => {
    document.title = "Review · Cloudmask Workbench";
    const task = new URLSearchParams(location.search).get("task") ?? undefined;
    void open(slug, task);
    const stops = [listenToKeys(), beat(), guard()];
    return () => {
      for (const stop of stops) stop();
    };
  }, [slug]);
  return (
    <main class="review">
      <Header slug={slug} />
      {notice.value && (
        <div class="over">
          <NoticeBar
            {...notice.value}
            close={() => {
              notice.value = null;
            }}
          />
        </div>
      )}
      <Body slug={slug} />
      {helpOpen.value && <Help />}
    </main>
  );
}

function Header({ slug }: { slug: string }) {
  const tile = held.value?.task.tile;
  const title = tile ? `${tile.place} · ${day(tile.datetime)}` : "Review";
  return (
    <TopBar
      title={
        <>
          {title} {tile?.synthetic && <Synthetic />}
        </>
      }
    >
      <span class="faint">{campaign.value?.name}</span>
      <a class="button quiet" href={cataloguePath(slug)}>
        Catalogue
      </a>
      <Button
        look="quiet"
        shortcut="?"
        onClick={() => {
          helpOpen.value = true;
        }}
      >
        Keys
      </Button>
    </TopBar>
  );
}

function Body({ slug }: { slug: string }) {
  const now = phase.value;
  if (now.name === "stuck") {
    return <Failure problem={now.problem} retry={() => void open(slug)} />;
  }
  if (now.name === "empty") return <Empty slug={slug} message={now.message} help={now.help} />;
  const waits = now.name === "loading" || now.name === "sending";
  return (
    <>
      <div class="review-body" aria-busy={waits}>
        <Panes />
        {held.value && <About held={held.value} />}
      </div>
      <Actions />
      {now.name === "loading" && (
        <p class="waiting-for" role="status">
          {now.what}
        </p>
      )}
      {now.name === "rejecting" && <Rejecting />}
    </>
  );
}

function Empty({ slug, message, help }: { slug: string; message: string; help: string }) {
  return (
    <section class="sheet">
      <h1>{message}</h1>
      <p>{help}</p>
      <p class="row">
        <Button look="main" onClick={() => void openNext()}>
          Look again
        </Button>
        <a class="button" href={annotatePath(slug)}>
          Label a tile
        </a>
        <a class="button quiet" href="/">
          Home
        </a>
      </p>
    </section>
  );
}

/** While the reviewer is there his lease doesn't run out. */
function beat(): () => void {
  let seen = Date.now();
  const sign = () => {
    seen = Date.now();
  };
  const events = ["pointermove", "keydown", "wheel"] as const;
  for (const each of events) document.addEventListener(each, sign, { passive: true });
  const timer = setInterval(() => {
    const task = held.value?.task.id;
    // A lease that ran out is no matter while nobody else has the label: the verdict will tell.
    if (task && Date.now() - seen < IDLE) keepLease(task).catch(() => undefined);
  }, BEAT);
  return () => {
    clearInterval(timer);
    for (const each of events) document.removeEventListener(each, sign);
  };
}

/** A fix that was begun isn't left by a slip. */
function guard(): () => void {
  const ask = (event: BeforeUnloadEvent) => {
    if (phase.value.name === "fixing" && isChanged.value) event.preventDefault();
  };
  addEventListener("beforeunload", ask);
  return () => removeEventListener("beforeunload", ask);
}
