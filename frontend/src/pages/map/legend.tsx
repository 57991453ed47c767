import { counted, grouped } from "../../words";
import { by, colours, footprints } from "./desk";

/** What the colours stand for, with how many tiles have each; and what is coloured by. */
export function Legend() {
  const shown = footprints.value;
  const told = colours.value;
  return (
    <section class="legend" aria-label="Colours">
      <label>
        Colour by{" "}
        <select
          value={by.value}
          onChange={({ currentTarget }) => {
            by.value = currentTarget.value;
          }}
        >
          <option value="state">state of its task</option>
          <option value="lane">lane of its task</option>
          <option value="score">score in the newest round</option>
          {shown?.classes.map(({ code, name }) => (
            <option key={code} value={`class:${code}`}>
              share of {name}
            </option>
          ))}
        </select>
      </label>
      {told?.ramp && (
        <p class="ramp">
          <span>{told.ramp.from}</span>
          <i style={{ background: `linear-gradient(90deg, ${told.ramp.stops.join(",")})` }} />
          <span>{told.ramp.to}</span>
        </p>
      )}
      <ul>
        {told?.legend.map(({ name, colour, count }) => (
          <li key={name}>
            <i class="swatch" style={{ background: colour }} />
            <span class="grow">{name}</span>
            <span class="faint">{grouped(count)}</span>
          </li>
        ))}
      </ul>
      {shown && shown.area.length > 0 && (
        <p class="hint">
          <i class="swatch bound" /> The campaign’s scope.
        </p>
      )}
      {shown && shown.unplaced > 0 && (
        <p class="hint">{counted(shown.unplaced, "tile")} lie nobody knows where.</p>
      )}
      {shown?.more && (
        <p class="hint warn">
          Only the first {grouped(shown.count)} are shown: narrow the filters down.
        </p>
      )}
    </section>
  );
}
