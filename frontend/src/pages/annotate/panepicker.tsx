import { panes } from "./look";
import { paneViews, showView, type View, views } from "./views";

const GROUPS: View["group"][] = ["Composites", "Bands", "Indices", "Other dates"];

/** Which view a pane shows, in its corner. */
export function PanePicker({ pane }: { pane: number }) {
  const { left, top } = panes()[pane];
  return (
    <span class="pane-picker" style={{ left: `${left + 6}px`, top: `${top + 6}px` }}>
      <ViewPicker pane={pane} label={`View ${pane + 1}`} />
    </span>
  );
}

/** A list of all views of the tile. */
export function ViewPicker({ pane, label }: { pane: number; label: string }) {
  return (
    <select
      aria-label={label}
      value={paneViews.value[pane]?.name ?? ""}
      onChange={({ currentTarget }) => {
        showView(currentTarget.value, pane);
        // Let go, so that keys are the page's again.
        currentTarget.blur();
      }}
    >
      {GROUPS.map((group) => (
        <ViewGroup key={group} group={group} />
      ))}
    </select>
  );
}

function ViewGroup({ group }: { group: View["group"] }) {
  const members = views.value.filter((each) => each.group === group);
  if (!members.length) return null;
  return (
    <optgroup label={group}>
      {members.map(({ name, title }) => (
        <option key={name} value={name}>
          {group === "Indices" ? `${name} ${title}` : name}
        </option>
      ))}
    </optgroup>
  );
}
