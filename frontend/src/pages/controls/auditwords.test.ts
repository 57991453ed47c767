import { expect, test } from "vitest";
import type { AuditEvent } from "../../api/controls";
import { detailWords } from "./auditwords";

const event = (more: Partial<AuditEvent>): AuditEvent => ({
  id: 1,
  when: "2026-06-01T12:00:00Z",
  who: "lea",
  verb: "created",
  kind: "task",
  object: "",
  before: "",
  after: "",
  detail: {},
  ...more,
});

test("details are told as words, with what took which one's place", () => {
  const told = detailWords(
    event({ detail: { lane: "pick", round_no: null, n: { a: 1 } }, after: "abcdefghijkl" }),
  );

  expect(told).toBe('lane: pick · round no: – · n: {"a":1} · nothing → abcdefgh');
});

test("a long detail is cut to a row", () => {
  expect(detailWords(event({ detail: { why: "x".repeat(500) } }))).toHaveLength(160);
});
