import { standardised, superpixels } from "./superpixels";

export interface Asked {
  width: number;
  height: number;
  bands: Uint16Array[];
}

addEventListener("message", ({ data: { width, height, bands } }: MessageEvent<Asked>) => {
  const owner = superpixels(bands.map(standardised), width, height);
  postMessage(owner, { transfer: [owner.buffer] });
});
