import type { AuditEvent } from "../../api/controls";

const LONGEST = 160; // characters of an event's details in a row

/** "lane: pick · why: more shadows", and which content took which one's place. */
export function detailWords({ detail, before, after }: AuditEvent): string {
  const facts = Object.entries(detail).map(
    ([name, value]) => `${name.replaceAll("_", " ")}: ${worded(value)}`,
  );
  if (before || after) facts.push(`${before.slice(0, 8) || "nothing"} → ${after.slice(0, 8)}`);
  const words = facts.join(" · ");
  return words.length > LONGEST ? `${words.slice(0, LONGEST - 1)}…` : words;
}

const worded = (value: unknown): string =>
  typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "–");
