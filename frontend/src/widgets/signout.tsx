import { cookie } from "../api/client";

/** Django signs out by a form post only, so that no foreign link can do it. */
export function SignOut() {
  return (
    <form class="signout" method="post" action="/logout/">
      <input type="hidden" name="csrfmiddlewaretoken" value={cookie("csrftoken")} />
      <button type="submit" class="button quiet">
        Sign out
      </button>
    </form>
  );
}
