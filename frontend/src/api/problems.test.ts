import { expect, test } from "vitest";
import { Broken, problemOf, problemOfThrown, Refused, SignedOut, Unreachable } from "./problems";

test("a refusal keeps its code, its words and its help", () => {
  const body = { code: "queue_empty", message: "No tile is waiting.", field: "", help: "Ask Lea." };

  const problem = problemOf(404, body);

  expect(problem).toBeInstanceOf(Refused);
  expect(problem).toMatchObject({
    code: "queue_empty",
    message: "No tile is waiting.",
    help: "Ask Lea.",
  });
});

test("a refused label carries what was found, one by one", () => {
  const finding = { code: "slivers", severity: "warning", message: "30 pieces …", where: null };
  const body = { code: "needs_confirmation", message: "30 pieces …", findings: [finding] };

  expect(problemOf(422, body)).toMatchObject({ findings: [finding] });
  expect(problemOf(422, { ...body, findings: undefined })).toMatchObject({ findings: [] });
});

test("a lost session is told apart from a role that isn't enough", () => {
  const anonymous = { code: "not_authenticated", message: "Log in.", field: "", help: "" };
  const outsider = { code: "not_allowed", message: "Max is no lead.", field: "", help: "" };

  expect(problemOf(403, anonymous)).toBeInstanceOf(SignedOut);
  expect(problemOf(403, { detail: "CSRF Failed: token missing." })).toBeInstanceOf(SignedOut);
  expect(problemOf(403, outsider)).toBeInstanceOf(Refused);
});

test("a gateway's error may pass, the server's own may not", () => {
  expect(problemOf(502, "<html>")).toBeInstanceOf(Unreachable);
  expect(problemOf(500, "<html>")).toBeInstanceOf(Broken);
});

test("a failed fetch is an unreachable server", () => {
  expect(problemOfThrown(new TypeError("Failed to fetch"))).toBeInstanceOf(Unreachable);
});
