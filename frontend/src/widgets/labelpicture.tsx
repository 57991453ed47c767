import { useEffect, useRef, useState } from "preact/hooks";
import { loadImage } from "../compare/comparison";
import type { Box } from "../editor/box";

interface LabelPictureProps {
  /** Address of the tile's picture. */
  image: string;
  /** What is drawn over it, at the tile's own size; fetched when the picture comes into sight. */
  overlay?: () => Promise<HTMLCanvasElement>;
  /** The part that is shown; all of it where none is given. */
  part?: Box;
  opacity?: number;
  /** What is seen, for those who don't see it. */
  alt: string;
}

const SIDE = 192; // pixels of the canvas; the page scales it

/** A tile with its label, small. */
export function LabelPicture(props: LabelPictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const element = canvas.current!;
    const seen = new IntersectionObserver(([entry]) => {
      if (!entry.isIntersecting) return;
      seen.disconnect();
      draw(element, props).catch(() => setFailed(true));
    });
    seen.observe(element);
    return () => seen.disconnect();
  }, [props.image, props.alt]);
  return (
    <span class="label-picture">
      <canvas ref={canvas} width={SIDE} height={SIDE} role="img" aria-label={props.alt} />
      {failed && <span class="faint">no picture</span>}
    </span>
  );
}

async function draw(
  element: HTMLCanvasElement,
  { image, overlay, part, opacity = 0.75 }: LabelPictureProps,
): Promise<void> {
  const [picture, mask] = await Promise.all([loadImage(image), overlay?.()]);
  const context = element.getContext("2d")!;
  const { left, top, right, bottom } = part ?? {
    left: 0,
    top: 0,
    right: picture.width,
    bottom: picture.height,
  };
  // The picture may be smaller than the tile that its mask and part are measured in.
  const scale = mask ? picture.width / mask.width : 1;
  const from = (by: number) =>
    [left * by, top * by, (right - left) * by, (bottom - top) * by] as const;
  context.imageSmoothingEnabled = right - left > SIDE;
  context.drawImage(picture, ...from(part ? scale : 1), 0, 0, SIDE, SIDE);
  if (!mask) return;
  context.globalAlpha = opacity;
  context.drawImage(mask, ...from(part ? 1 : 1 / scale), 0, 0, SIDE, SIDE);
}
