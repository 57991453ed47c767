import { type Problem, SignedOut } from "../api/problems";
import { signInPath } from "../route";
import { Button } from "./button";

interface FailureProps {
  problem: Problem;
  retry?: () => void;
}

/** A page that couldn't be shown: what happened, and what to do. */
export function Failure({ problem, retry }: FailureProps) {
  return (
    <section class="sheet" role="alert">
      <h1>{problem.message}</h1>
      {problem.help && <p>{problem.help}</p>}
      <p class="row">
        {problem instanceof SignedOut && (
          <a class="button main" href={signInPath()}>
            Sign in
          </a>
        )}
        {retry && <Button onClick={retry}>Try again</Button>}
        <a class="button quiet" href="/">
          Home
        </a>
      </p>
    </section>
  );
}
