import type { ComponentChildren } from "preact";
import { otherTheme, wear } from "../theme";
import { Button } from "./button";
import { SignOut } from "./signout";

interface TopBarProps {
  title: ComponentChildren;
  children?: ComponentChildren;
}

/** The thin bar over a page: back home, where one is, what else there is, light or dark. */
export function TopBar({ title, children }: TopBarProps) {
  return (
    <header class="leadbar">
      <a class="back" href="/" aria-label="Home" title="Home">
        ◀
      </a>
      <h1>{title}</h1>
      <span class="grow" />
      {children}
      <ThemeButton />
      <SignOut />
    </header>
  );
}

export function ThemeButton() {
  return (
    <Button look="quiet" title="Light or dark" onClick={() => wear(otherTheme())}>
      {otherTheme() === "light" ? "Light" : "Dark"}
    </Button>
  );
}
