import { useEffect, useRef } from "preact/hooks";
import { type Key, keyTable } from "./keys";
import { helpOpen } from "./look";

const GROUPS: Key["group"][] = ["Classes", "Tools", "Drawing", "View", "Tile"];

const MOUSE = [
  ["wheel", "Zoom where the pointer is"],
  ["middle or right drag", "Move the image"],
];

/** The help sheet, printed from the table the handlers are taken from. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="help"
      aria-label="Keys"
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      <h1>Keys</h1>
      <div class="columns">
        {GROUPS.map((group) => (
          <KeyGroup key={group} group={group} />
        ))}
        <section>
          <h2>Mouse</h2>
          <dl>
            {MOUSE.map(([shown, does]) => (
              <div key={shown}>
                <dt>{shown}</dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
      <p class="hint">Enter alone never submits. Every stroke can be taken back.</p>
    </dialog>
  );
}

function KeyGroup({ group }: { group: Key["group"] }) {
  const keys = keyTable().filter((key) => key.group === group);
  return (
    <section>
      <h2>{group}</h2>
      <dl>
        {keys.map(({ shown, does }) => (
          <div key={shown}>
            <dt>
              <kbd>{shown}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function close(): void {
  helpOpen.value = false;
}
