import { useEffect, useState } from "preact/hooks";
import { type Problem, problemOfThrown } from "../api/problems";

export interface Answered<T> {
  /** The last answer; it stays while a newer one is on its way or doesn't come. */
  value: T | null;
  problem: Problem | null;
  /** Whether nothing has come yet. */
  loading: boolean;
  again: () => void;
}

/** Asks whenever `on` changes; answers to older questions are dropped. */
export function useAnswer<T>(ask: () => Promise<T>, on: unknown[]): Answered<T> {
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState({
    value: null as T | null,
    problem: null as Problem | null,
    loading: true,
  });
  useEffect(() => {
    let current = true;
    ask().then(
      (value) => current && setState({ value, problem: null, loading: false }),
      (error) =>
        current &&
        setState(({ value }) => ({ value, problem: problemOfThrown(error), loading: false })),
    );
    return () => {
      current = false;
    };
  }, [...on, turn]);
  return { ...state, again: () => setTurn((n) => n + 1) };
}
