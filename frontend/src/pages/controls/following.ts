import { Broken } from "../../api/problems";

const PACE = 1500;

interface LongWork {
  state: string;
  error: string;
}

/** Ask how far long work is until it has ended. Throws a Problem with why it failed. */
export async function followed<Work extends LongWork>(
  ask: () => Promise<Work>,
  tell: (work: Work) => void,
): Promise<Work> {
  for (;;) {
    const work = await ask();
    if (work.state === "done") return work;
    if (["failed", "cancelled"].includes(work.state)) {
      throw new Broken(`It ${work.state === "failed" ? "failed" : "was cancelled"}.`, work.error);
    }
    tell(work);
    await new Promise((resolve) => setTimeout(resolve, PACE));
  }
}
