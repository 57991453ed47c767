import { thumbnailOf } from "../api/calls";

interface ThumbProps {
  tile: string;
  /** Square, in CSS pixels. */
  side: number;
  /** What is seen; empty where the words beside it say it. */
  alt?: string;
}

/** A tile, small; an empty square where it has no picture. */
export function Thumb({ tile, side, alt = "" }: ThumbProps) {
  return (
    <img
      class="thumb"
      src={thumbnailOf(tile)}
      alt={alt}
      width={side}
      height={side}
      loading="lazy"
      onError={({ currentTarget }) => currentTarget.classList.add("missing")}
    />
  );
}
