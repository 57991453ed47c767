import type { Problem } from "../../api/problems";

/** Why a panel's answer didn't come. */
export function Refusal({ problem }: { problem: Problem | null }) {
  if (!problem) return null;
  return (
    <p class="warn" role="alert">
      {problem.message} {problem.help}
    </p>
  );
}
