import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface CardProps {
  /** The question the card answers. */
  title: string;
  note?: ComponentChildren;
  span?: "wide" | "full" | "";
  children: ComponentChildren;
}

export function Card({ title, note, span = "", children }: CardProps) {
  const id = useId();
  return (
    <section class={`card ${span}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {note && <span class="faint">{note}</span>}
      </header>
      {children}
    </section>
  );
}

/** A card with nothing in it yet: says what to do next. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
