import { expect, test } from "vitest";
import { typedSince } from "./desk";

test("what is typed while a save is on its way isn't lost", () => {
  const sent = { cron: "0 * * * *", labels: "20" };
  const now = { cron: "0 3 * * *", labels: "20", gap_hours: "2" };

  expect(typedSince(sent, now)).toEqual({ cron: "0 3 * * *", gap_hours: "2" });
});
