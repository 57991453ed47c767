import type { Lane, Queue } from "../../api/lead";
import { counted, duration } from "../../words";
import type { Cell } from "./saving";

const DAY = 86_400;

/** "3 days", from a day and a half on; below that hours and minutes. */
export function spanOf(seconds: number): string {
  return seconds < 1.5 * DAY ? duration(seconds) : counted(Math.round(seconds / DAY), "day");
}

/** How long ago; nothing is younger than now, whatever the two clocks say. */
export function ageOf(since: string, now: number): string {
  return spanOf(Math.max(0, (now - Date.parse(since)) / 1000));
}

/** When the lane is empty at the present pace. */
export function forecast({ waiting, empty_in_days: days }: Lane): string {
  if (waiting === 0) return "empty";
  return days === null ? "nobody takes any" : spanOf(days * DAY);
}

export const laneRows = ({ lanes, review }: Queue): Cell[][] => [
  [
    "lane",
    "waiting",
    "oldest",
    "in hand",
    "expired in 7 days",
    "served in 7 days",
    "served a day",
    "share of served",
    "share to be",
    "empty in days",
  ],
  ...lanes.map((lane): Cell[] => [
    lane.lane,
    lane.waiting,
    lane.oldest,
    lane.in_hand,
    lane.expired,
    lane.served,
    lane.per_day,
    lane.served_share,
    lane.share,
    lane.empty_in_days,
  ]),
  ["review", review.waiting, review.oldest, review.in_hand, null, null, null, null, null, null],
];
