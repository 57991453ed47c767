/** Painted data say so wherever they are seen. */
export function Synthetic() {
  return (
    <span class="badge synthetic" title="Painted by a computer, not seen by a satellite">
      synthetic
    </span>
  );
}
