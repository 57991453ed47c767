import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../../widgets/button";

interface AskProps {
  label: string;
  /** What would happen. */
  question: string;
  act: () => void;
  disabled?: boolean;
}

/** An act that asks once, in place. */
export function Ask({ label, question, act, disabled = false }: AskProps) {
  const [asking, setAsking] = useState(false);
  const place = useRef<HTMLSpanElement>(null);
  // The button that was pressed is gone: whoever uses a keyboard goes on at the harmless answer.
  useEffect(() => {
    if (asking) place.current?.querySelector<HTMLElement>("button:last-child")?.focus();
  }, [asking]);
  if (!asking) {
    return (
      <Button disabled={disabled} onClick={() => setAsking(true)}>
        {label}
      </Button>
    );
  }
  const close = (go: boolean) => {
    setAsking(false);
    if (go) act();
  };
  return (
    <span ref={place} class="asking" role="alertdialog" aria-label={question}>
      <span>{question}</span>
      <Button look="main" disabled={disabled} onClick={() => close(true)}>
        {label}
      </Button>
      <Button onClick={() => close(false)}>No</Button>
    </span>
  );
}
