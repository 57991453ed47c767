import { work } from "./desk";

/** A small compass, north up: where the sun stands, and which way shadows fall. */
export function SunCompass() {
  const azimuth = work.value?.task.tile.sun_azimuth;
  if (azimuth === undefined || azimuth === null) return null;
  const words = `Sun at ${Math.round(azimuth)}° from north, shadows fall towards ${Math.round((azimuth + 180) % 360)}°`;
  return (
    <svg class="sun" viewBox="-34 -44 68 76" role="img" aria-label={words}>
      <title>{words}</title>
      <circle r="30" class="dial" />
      <text y="-34" class="north">
        N
      </text>
      <g transform={`rotate(${azimuth})`}>
        <circle cy="-21" r="5.5" class="disc" />
        <path d="M0 -11V21M-5.500 14 0 22l5.500-8" class="ray" />
      </g>
    </svg>
  );
}
