import { submissionBytes } from "../../editor/drawing";
import { npyFile } from "../../editor/npy";
import type { Work } from "./desk";

/** Save the drawing as a NumPy file, uint8 (2, height, width): label, then provenance. */
export function downloadDrawing({ task: { tile }, edits }: Work): void {
  const file = npyFile(submissionBytes(edits.drawing), [2, tile.height, tile.width]);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([file], { type: "application/octet-stream" }));
  link.download = `${tile.place} ${tile.datetime ?? ""} label.npy`.replace(/[^\w.-]+/g, "-");
  link.click();
  URL.revokeObjectURL(link.href);
}
