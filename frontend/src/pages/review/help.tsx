import { useEffect, useRef } from "preact/hooks";
import { Button } from "../../widgets/button";
import { helpOpen } from "./desk";
import { type Key, keys } from "./keys";

const GROUPS: Key["group"][] = ["Verdict", "Look", "Fix"];

/** Every key of the page, printed from the table that the handlers come from. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const close = () => {
    helpOpen.value = false;
  };
  return (
    <dialog ref={dialog} class="help" aria-labelledby="keys-title" onClose={close}>
      <h1 id="keys-title">Keys of the review page</h1>
      <div class="columns">
        {GROUPS.map((group) => (
          <section key={group}>
            <h2>{group}</h2>
            <dl>
              {keys()
                .filter((key) => key.group === group)
                .map(({ shown, does }) => (
                  <div key={shown + does}>
                    <dt>
                      <kbd>{shown}</kbd>
                    </dt>
                    <dd>{does}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
      <Button onClick={close}>Close</Button>
    </dialog>
  );
}
