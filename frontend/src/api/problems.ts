/**
 * Why a call to the server gave no answer.
 *
 * Problem
 * ├── Refused     the server understood and said no; `code` says which no
 * ├── SignedOut   the session has ended, or was never there
 * ├── Unreachable no answer came: the network or the server is down; trying again may help
 * └── Broken      the server failed, or answered something that can't be understood
 */
export class Problem extends Error {
  constructor(
    message: string,
    readonly help = "",
  ) {
    super(message);
  }
}

/** One thing that the server's checks found in a label. */
export interface Finding {
  code: string;
  severity: "error" | "warning";
  message: string;
  pixels: number;
  /** Of all pixels, 0–1. */
  share: number;
  /** Top, left, bottom, right, the last two beyond it; null: the whole tile. */
  where: [number, number, number, number] | null;
}

export class Refused extends Problem {
  constructor(
    message: string,
    help: string,
    readonly code: string,
    readonly field: string,
    readonly status: number,
    readonly findings: Finding[] = [],
  ) {
    super(message, help);
  }
}

export class SignedOut extends Problem {}

export class Unreachable extends Problem {}

export class Broken extends Problem {}

const SIGNED_OUT = new Set(["not_authenticated", "authentication_failed", "csrf_failed"]);

/** The problem that an unsuccessful `response` with the decoded `body` stands for. */
export function problemOf(status: number, body: unknown): Problem {
  const { code = "", message = "", field = "", help = "", findings = [] } = asRefusal(body);
  if (status === 401 || SIGNED_OUT.has(code) || /csrf/i.test(message)) {
    return new SignedOut(
      "You have been signed out.",
      "Sign in again, in a new tab if you are drawing.",
    );
  }
  if ([502, 503, 504].includes(status)) {
    return new Unreachable("The server is not answering just now.", "It may be starting again.");
  }
  if (!message) return new Broken(`The server answered with an error (${status}).`, SERVER_HELP);
  return new Refused(message, help, code, field, status, findings);
}

/** The problem that an exception thrown by `fetch` stands for. */
export function problemOfThrown(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof SyntaxError) {
    return new Broken("The server's answer can't be understood.", SERVER_HELP);
  }
  return new Unreachable("The server can't be reached.", "Check the network.");
}

const SERVER_HELP = "Try again; if it stays, tell whoever runs the workbench.";

type Refusal = Record<"code" | "message" | "field" | "help", string> & { findings: Finding[] };

function asRefusal(body: unknown): Partial<Refusal> {
  if (typeof body !== "object" || body === null) return {};
  // A refusal by the framework itself has its words under "detail".
  return "detail" in body ? { message: String(body.detail), ...body } : body;
}
