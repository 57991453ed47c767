import type { CvatStatus } from "../../api/types";
import { counted, duration, moment } from "../../words";
import type { Cell } from "./saving";

const REASONS: Record<string, string> = {
  empty: "nothing drawn",
  unknown_label: "unknown label",
  invalid_shape: "a shape that can't be read",
  other_frame: "a shape on another image",
  tracks: "tracks of a video",
  checks: "errors in the label",
  nobody: "nobody's",
  not_theirs: "not in that person's hands",
  closed: "the tile is closed",
  unchanged: "handed in again unchanged",
  label_gone: "a label was deleted in CVAT",
  unreadable: "CVAT's answer can't be read",
  failed: "the workbench failed",
  frame_deleted: "the image was deleted in CVAT",
};

/** How the server fares, in one sentence. */
export function health(status: CvatStatus): string {
  const { breaker, failing_since, last_error, answered, refused, refused_since } = status;
  if (breaker !== "closed" && failing_since) {
    return `CVAT hasn't answered since ${moment(failing_since)}: ${last_error}`;
  }
  if (refused && refused_since) {
    return `CVAT refuses what is asked of it since ${moment(refused_since)}: ${refused}`;
  }
  return answered ? `CVAT answered at ${moment(answered)}.` : "CVAT hasn't been asked yet.";
}

/** How far behind the workbench is. */
export function lag({ unfetched, lag_seconds }: CvatStatus): string {
  if (!unfetched) return "All changes are taken in.";
  const changes = counted(unfetched, "change");
  return `${changes} not taken in yet, the oldest ${duration(lag_seconds)} old.`;
}

/** What is held, the commonest reason first: [words, jobs]. */
export function held(status: CvatStatus): [string, number][] {
  return Object.entries(status.held)
    .map(([code, jobs]): [string, number] => [REASONS[code] ?? code, jobs])
    .sort((a, b) => b[1] - a[1]);
}

export const cvatRows = (status: CvatStatus): Cell[][] => [
  ["figure", "value"],
  ["jobs there", status.jobs],
  ["labels here", status.imported],
  ["changes not taken in", status.unfetched],
  ["oldest of them, seconds", status.lag_seconds],
  ["messages not sent", status.unsent],
  ["jobs deleted there", status.gone],
  ["minutes of work, estimated", status.minutes],
  ...held(status).map(([words, jobs]): Cell[] => [`held: ${words}`, jobs]),
];
