import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type CatalogueTile, fetchNewestLabel } from "../../api/catalogue";
import { pictureOf } from "../../api/planes";
import { type Problem, problemOfThrown } from "../../api/problems";
import { Comparison, loadImage, sourcesOf } from "../../compare/comparison";
import { Pane } from "../../compare/pane";
import { ComparePanel } from "../../compare/panel";
import { View } from "../../compare/view";
import { Synthetic } from "../../widgets/badge";
import { Button } from "../../widgets/button";
import { day } from "../../words";
import { campaign, compared } from "./desk";
import { Versions } from "./versions";

/** Any two of a tile's label, model and rule masks, beside its image. */
export function CompareDialog({ tile }: { tile: CatalogueTile }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const comparison = useMemo(() => new Comparison(campaign.value!), [tile.id]);
  const view = useMemo(() => new View(), [tile.id]);
  const [image, setImage] = useState<HTMLImageElement | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const show = () =>
    void load(tile, comparison, view).then(setImage, (error) => setProblem(problemOfThrown(error)));
  useEffect(show, [tile.id]);
  const close = () => {
    compared.value = null;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const run = KEYS[event.key];
    const own = event.target instanceof HTMLInputElement && event.key.startsWith("Arrow");
    if (!run || own || event.target instanceof HTMLSelectElement) return;
    event.preventDefault();
    run(comparison, view);
  };
  return (
    <dialog
      ref={dialog}
      class="help comparing"
      aria-labelledby="compared-title"
      onClose={close}
      onKeyDown={onKeyDown}
    >
      <header class="row">
        <h1 id="compared-title">
          {tile.place} · {day(tile.datetime)} {tile.synthetic && <Synthetic />}
        </h1>
        <span class="grow" />
        <Button shortcut="Esc" onClick={close}>
          Close
        </Button>
      </header>
      {problem && (
        <p class="note error" role="alert">
          {problem.message} {problem.help}
        </p>
      )}
      <div class="pair">
        <section class="pane-box" aria-label="Image">
          <header class="pane-head">
            <h2>{campaign.value!.composites[0].name}</h2>
          </header>
          <div class="pane-frame">
            <Pane label="Satellite image" view={view} image={image} overlays={[]} />
          </div>
          <p class="pane-foot faint">{tile.why}</p>
        </section>
        <ComparePanel comparison={comparison} view={view} image={image} opacity={0.85}>
          {image
            ? "There is less than two masks of this tile. Label it, or bring masks in with `manage.py masks`."
            : "Loading …"}
        </ComparePanel>
      </div>
      <Versions tile={tile.id} changed={show} />
    </dialog>
  );
}

const KEYS: Record<string, (comparison: Comparison, view: View) => void> = {
  d: (comparison) => comparison.turn(),
  s: (comparison) => comparison.swap(),
  "+": (_, view) => view.zoom(1.25),
  "-": (_, view) => view.zoom(0.8),
  "0": (_, view) => view.fit(),
};

async function load(
  tile: CatalogueTile,
  comparison: Comparison,
  view: View,
): Promise<HTMLImageElement> {
  const { slug, composites } = campaign.value!;
  const [image, newest] = await Promise.all([
    loadImage(pictureOf(tile.id, composites[0].name)),
    fetchNewestLabel(tile.id, slug),
  ]);
  const size = { id: tile.id, width: image.width, height: image.height };
  const label = newest && { annotation: newest.id, name: "label" };
  const { sources } = await sourcesOf(size, label, false);
  comparison.show(size, sources);
  view.fit(size);
  return image;
}
