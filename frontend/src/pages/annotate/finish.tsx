import { signal } from "@preact/signals";
import { keepFocus } from "../../widgets/button";

/** What the person says of the label beside the pixels. */
/** 1 easy … 5 a guess; 0: not said. */
export const difficulty = signal(0);
export const remark = signal("");

/** The label handed in last: it can be taken back until its review opens. */
export const lastSubmitted = signal<{ id: string; place: string } | null>(null);

const GRADES = ["easy", "rather easy", "middling", "hard", "a guess"];

export function beginLabel(): void {
  difficulty.value = 0;
  remark.value = "";
}

export function grade(number: number): void {
  difficulty.value = difficulty.value === number ? 0 : number;
}

/** How hard the tile was, and what is worth knowing: two clicks. */
export function Finish() {
  return (
    <>
      <input
        class="remark"
        type="text"
        maxLength={2000}
        placeholder="Note"
        aria-label="A note for the reviewer"
        title="What is worth knowing of this label"
        value={remark.value}
        onInput={({ currentTarget }) => {
          remark.value = currentTarget.value;
        }}
        onKeyDown={({ key, currentTarget }) => {
          if (key === "Enter" || key === "Escape") currentTarget.blur();
        }}
      />
      <fieldset class="grades" aria-label="How hard it was">
        <span aria-hidden="true">easy</span>
        {GRADES.map((words, k) => (
          <button
            key={words}
            type="button"
            aria-pressed={difficulty.value === k + 1}
            aria-label={`${k + 1}, ${words}`}
            title={`How hard it was: ${words} (Alt ${k + 1})`}
            onMouseDown={keepFocus}
            onClick={() => grade(k + 1)}
          >
            {k + 1}
          </button>
        ))}
        <span aria-hidden="true">hard</span>
      </fieldset>
    </>
  );
}
