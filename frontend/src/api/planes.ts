import { answer, api } from "./client";
import { Broken } from "./problems";

export interface Sized {
  id: string;
  height: number;
  width: number;
}

/** The label plane (height × width) of a label, without its provenance. */
export async function fetchLabel(annotation: string, tile: Sized): Promise<Uint8Array> {
  return (await fetchLabelPlanes(annotation, tile)).label;
}

/** Label and provenance plane, each height × width. */
export async function fetchLabelPlanes(
  annotation: string,
  tile: Sized,
): Promise<{ label: Uint8Array; provenance: Uint8Array }> {
  const buffer = await answer(
    api.GET("/api/v1/annotations/{id}/label", {
      params: { path: { id: annotation } },
      parseAs: "arrayBuffer",
    }),
  );
  const [label, provenance] = planesOf(buffer, tile, 2, "label");
  return { label, provenance };
}

/** The codes of a mask beside a tile, 255 where it can't say. */
export async function fetchMask(tile: Sized, source: string): Promise<Uint8Array> {
  const buffer = await answer(
    api.GET("/api/v1/tiles/{id}/masks/{source}", {
      params: { path: { id: tile.id, source } },
      parseAs: "arrayBuffer",
    }),
  );
  return planesOf(buffer, tile, 1, `mask ${source}`)[0];
}

export const fetchMasks = (tile: string) =>
  answer(api.GET("/api/v1/tiles/{id}/masks", { params: { path: { id: tile } } })).then(
    ({ results }) => results,
  );

/** One's own label, then the label as its reviewer fixed it. */
export async function fetchFixed(review: number, tile: Sized): Promise<Uint8Array[]> {
  const buffer = await answer(
    api.GET("/api/v1/me/feedback/{id}/label", {
      params: { path: { id: review } },
      parseAs: "arrayBuffer",
    }),
  );
  return planesOf(buffer, tile, 2, "fixed label");
}

export async function fetchGuideLabel(
  slug: string,
  annotation: string,
  tile: Sized,
): Promise<Uint8Array> {
  const buffer = await answer(
    api.GET("/api/v1/campaigns/{slug}/guide/{annotation}/label", {
      params: { path: { slug, annotation } },
      parseAs: "arrayBuffer",
    }),
  );
  return planesOf(buffer, tile, 1, "label")[0];
}

/** Address of the whole tile in a composite of the campaign's, or in three bands of one's own. */
export const pictureOf = (tile: string, composite: string): string =>
  `/api/v1/tiles/${tile}/composite.png?name=${encodeURIComponent(composite)}`;
export const bandPictureOf = (tile: string, bands: string[]): string =>
  `/api/v1/tiles/${tile}/composite.png?bands=${encodeURIComponent(bands.join(","))}`;

function planesOf(
  buffer: ArrayBuffer,
  { height, width }: Sized,
  planes: number,
  what: string,
): Uint8Array[] {
  const cells = height * width;
  if (buffer.byteLength !== planes * cells) {
    throw new Broken(
      `The ${what} came with ${buffer.byteLength} octets instead of ${planes * cells}.`,
      "Reload the page; if it stays, tell whoever runs the workbench.",
    );
  }
  return Array.from({ length: planes }, (_, k) => new Uint8Array(buffer, k * cells, cells));
}
