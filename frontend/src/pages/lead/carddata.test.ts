import { expect, test } from "vitest";
import type { Model } from "../../api/types";
import { cardRows, groupsOf, type Told } from "./carddata";

const MODEL: Model = {
  hash: "ab".repeat(32),
  state: "candidate",
  round: 3,
  snapshot: "cd".repeat(32),
  created: "2026-06-01T12:00:00Z",
  class_mean_iou: 0.7,
  features: "sqrt",
  decided: null,
  decision: null,
};

function told(more: { steps?: number; licence?: string } = {}): Told {
  const { steps = 400, licence = "CC-BY-4.0" } = more;
  return {
    model: MODEL,
    card: {
      bands: ["B02", "B03"],
      classes: [{ code: 0, name: "clear" }],
      config: { steps, batch: 4 },
      snapshot: { synthetic: true, labelled_pixels: { clear: 20480, cloud: 7 } },
      metrics: {
        iou: { clear: 0.81234567 },
        confusion: [[1]],
        intervals: { iou: { clear: [0.7, 0.9] } },
      },
      environment: { python: "3.11.7" },
      run: { config: { steps }, code: "ef" },
    },
    sources: {
      labels: [{ name: "campaign", licence, restricted: false, tiles: 12 }],
      imagery: [{ attribution: "Copernicus Sentinel data 2026", tiles: 12 }],
    },
  };
}

const lineOf = (all: Told[], name: string) =>
  groupsOf(all)
    .flatMap(({ lines }) => lines)
    .find((line) => line.name === name);

test("a card tells settings, data, figures, environment and licence", () => {
  const say = (name: string) => lineOf([told()], name)?.values;

  expect(say("batch")).toEqual(["4"]);
  expect(say("labelled pixels")).toEqual(["clear 20\u202f480 · cloud 7"]);
  expect(say("iou")).toEqual(["clear 0.8123"]);
  expect(say("interval of iou")).toEqual(["clear 0.7 … 0.9"]);
  expect(say("python")).toEqual(["3.11.7"]);
  expect(say("licence of labels: campaign")).toEqual(["CC-BY-4.0, 12 tiles"]);
  expect(say("synthetic")).toEqual(["yes"]);
});

test("what differs between two models is marked, what one doesn't say is a dash", () => {
  const other = told({ steps: 800 });
  other.sources = null;

  expect(lineOf([told(), other], "steps")).toMatchObject({ values: ["400", "800"], differs: true });
  expect(lineOf([told(), other], "batch")).toMatchObject({ differs: false });
  expect(lineOf([told(), other], "licence of labels: campaign")?.values[1]).toBe("–");
});

test("a licence that isn't stated, or forbids something, says so", () => {
  const silent = told({ licence: "" });
  silent.sources!.labels[0].restricted = true;

  expect(lineOf([silent], "licence of labels: campaign")?.values).toEqual([
    "no licence stated (restricted use), 12 tiles",
  ]);
});

test("the figures are saved part by part", () => {
  const all = [told()];

  const rows = cardRows(all, groupsOf(all));
  expect(rows[0]).toEqual(["part", "fact", "round 3"]);
  expect(rows).toContainEqual(["Its settings", "steps", "400"]);
});
