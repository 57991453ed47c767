import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon";

interface ButtonProps {
  children: ComponentChildren;
  onClick: (event: { currentTarget: HTMLElement }) => void;
  look?: "plain" | "main" | "quiet";
  shortcut?: string;
  disabled?: boolean;
  title?: string;
}

export function Button({
  children,
  onClick,
  look = "plain",
  shortcut = "",
  disabled = false,
  title = "",
}: ButtonProps) {
  return (
    <button
      type="button"
      class={`button ${look}`}
      onMouseDown={keepFocus}
      onClick={onClick}
      disabled={disabled}
      title={title}
    >
      {children}
      {shortcut && <kbd>{shortcut}</kbd>}
    </button>
  );
}

interface IconButtonProps {
  icon: IconName;
  label: string;
  shortcut?: string;
  pressed?: boolean;
  disabled?: boolean;
  onClick: () => void;
}

export function IconButton({
  icon,
  label,
  shortcut = "",
  pressed,
  disabled = false,
  onClick,
}: IconButtonProps) {
  return (
    <button
      type="button"
      class="icon-button"
      // What is seen on it is part of its name, for those who say what they see.
      aria-label={shortcut ? `${label}, ${shortcut}` : label}
      {...(pressed === undefined ? {} : { "aria-pressed": pressed })}
      title={shortcut ? `${label} (${shortcut})` : label}
      disabled={disabled}
      onMouseDown={keepFocus}
      onClick={onClick}
    >
      <Icon name={icon} />
      {shortcut && <kbd>{shortcut}</kbd>}
    </button>
  );
}

/** A mouse click leaves the focus where it is, so that Space and Enter stay the page's own keys. */
export function keepFocus(event: MouseEvent): void {
  event.preventDefault();
}
