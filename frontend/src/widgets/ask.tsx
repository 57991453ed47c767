import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "./button";
import "./ask.css";

interface AskProps {
  label: string;
  /** What would happen. */
  question: string;
  act: () => void;
  disabled?: boolean;
  look?: "plain" | "main";
  /** Asked before the question: whether what was filled in will do. */
  ready?: (button: HTMLElement) => boolean;
}

/** An act that asks once, in place. */
export function Ask(props: AskProps) {
  const { label, question, act, disabled = false, look = "plain", ready = () => true } = props;
  const [asking, setAsking] = useState(false);
  const place = useRef<HTMLSpanElement>(null);
  // The button that was pressed is gone: whoever uses a keyboard goes on at the harmless answer.
  useEffect(() => {
    if (asking) place.current?.querySelector<HTMLElement>("button:last-child")?.focus();
  }, [asking]);
  if (!asking) {
    return (
      <Button
        look={look}
        disabled={disabled}
        onClick={({ currentTarget }) => ready(currentTarget) && setAsking(true)}
      >
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

/** Whether the form round a button is filled in; what isn't is pointed out by the browser. */
export const filledIn = (button: HTMLElement): boolean =>
  button.closest("form")?.reportValidity() ?? true;
