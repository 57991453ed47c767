import { signInPath } from "../../route";
import { tell } from "./phase";

/** The session has ended while somebody draws: nothing is lost, and another tab signs in. */
export function tellSignedOut(): void {
  tell(
    "warn",
    "You have been signed out",
    "Go on drawing: it is kept in this browser. Sign in in a new tab before you submit.",
    [{ label: "Sign in", run: () => void window.open(signInPath(), "_blank") }],
  );
}
