import { work } from "./desk";
import { cursor } from "./look";
import { bandsIn } from "./views";

const WIDE = 240;
const TALL = 64;
const FOOT = 14;

/** Reflectance of all bands under the pointer, as a small plot. */
export function Spectrum() {
  void bandsIn.value;
  const held = work.value;
  if (!held) return null;
  const names = held.task.tile.bands.filter((band) => held.bands.has(band));
  const values = valuesAt(names);
  const x = (k: number) => 8 + (k * (WIDE - 16)) / Math.max(1, names.length - 1);
  const top = Math.max(0.4, ...values);
  const y = (value: number) => TALL - (value / top) * (TALL - 6);
  return (
    <section>
      <h2>
        Spectrum at the cursor{" "}
        <span class="value">{values.length ? `0 – ${top.toFixed(1)}` : ""}</span>
      </h2>
      <svg class="spectrum" viewBox={`0 0 ${WIDE} ${TALL + FOOT}`} role="img">
        <title>{words(names, values)}</title>
        <path d={`M4 ${TALL}H${WIDE - 4}`} class="axis" />
        {names.map((name, k) => (
          <text key={name} x={x(k)} y={TALL + 11}>
            {name.replace(/^B0?/, "")}
          </text>
        ))}
        {values.length > 0 && (
          <polyline
            points={values.map((value, k) => `${x(k).toFixed(1)},${y(value).toFixed(1)}`).join(" ")}
          />
        )}
        <path
          class="dots"
          d={values.map((value, k) => `M${x(k).toFixed(1)} ${y(value).toFixed(1)}h0`).join("")}
        />
      </svg>
    </section>
  );
}

/** Reflectance, 0 to 1 and above, of `names` under the pointer; empty outside the tile or without data. */
function valuesAt(names: string[]): number[] {
  const held = work.value!;
  const at = cursor.value;
  const { width, height } = held.edits.drawing;
  if (!at || at.x < 0 || at.y < 0 || at.x >= width || at.y >= height) return [];
  const cell = Math.floor(at.y) * width + Math.floor(at.x);
  const values = names.map((name) => held.bands.get(name)![cell] / 10_000);
  return values.some((value) => value > 0) ? values : []; // none: no data
}

const words = (names: string[], values: number[]) =>
  values.length
    ? names.map((name, k) => `${name} ${values[k].toFixed(3)}`).join(", ")
    : "Point at the image to see its reflectance";
