import { BadLine, type Request } from "../request.ts";
import { same } from "../same.ts";
import type { Exchange } from "../scenario.ts";
import type { Answer } from "../session.ts";
import type { DriverModel, DriverSession } from "./driver-model.ts";
import { Late } from "./late.ts";
import { compared } from "./left-out.ts";

/** A line of a driver's answers: it names its sequence and asks in words. */
export interface DriverLine extends Request {
  readonly seq: string;
  readonly req: string;
}

/** Whether a line is of a driver's answers. */
export function isDriverLine(line: Request): line is DriverLine {
  return typeof line["seq"] === "string" && typeof line["req"] === "string";
}

/** One sequence of a driver's answers, asked of the model. */
export class DriverScenario {
  /** The sequence's name. */
  readonly seq: string;
  readonly #session: DriverSession;
  readonly #leftOut: readonly string[];
  readonly #fold: (answer: Answer) => Answer;
  readonly #late: Late;

  /** Begins the sequence that a line is the first of. */
  constructor(line: DriverLine, models: readonly DriverModel[]) {
    const [driver = ""] = line.req.split(" ", 1);
    const model = models.find(({ drivers }) => drivers.includes(driver));
    if (model === undefined) {
      const known = models.flatMap(({ drivers }) => drivers);
      throw new BadLine(
        `req begins with "${driver}", and no policy here answers for that: ${known.length === 0 ? "none was given" : `there are ${known.join(", ")}`}`,
      );
    }
    this.seq = line.seq;
    this.#session = model.begin(line.seq);
    this.#leftOut = Object.keys(model.leftOut);
    this.#fold = (answer) => model.fold?.(answer) ?? answer;
    this.#late = new Late(model.late);
  }

  /** Asks, and puts both answers side by side. */
  step(line: DriverLine): Exchange {
    const { seq, i, req, ...rest } = line;
    const expected = structuredClone(rest);
    const actual = structuredClone(this.#answer(req));
    this.#late.sort(expected, actual, this.#session.settled?.() ?? true);
    const unknown = Object.keys(this.#session.unknown?.() ?? {});
    const leftOut = [...pathsFor(this.#leftOut, req.split(" ")[1] ?? ""), ...unknown];
    const wanted = this.#fold(compared(expected, leftOut));
    return {
      request: { seq, i, req },
      expected: wanted,
      actual: this.#agreeing(wanted, this.#fold(compared(actual, leftOut)), leftOut),
    };
  }

  /** The state now. */
  describe(): string[] {
    return [...this.#session.describe()];
  }

  /** An answer that agrees, of all that workers may have made of it; else the first. */
  #agreeing(expected: Answer, first: Answer, leftOut: readonly string[]): Answer {
    for (let actual = first; !same(expected, actual); ) {
      const other = this.#session.another?.() ?? null;
      if (other === null) return first;
      actual = this.#fold(compared(other, leftOut));
      if (same(expected, actual)) return actual;
    }
    return first;
  }

  #answer(req: string): Answer {
    try {
      return this.#session.answer(req.split(" "));
    } catch (error) {
      if (error instanceof BadLine) throw error;
      return { threw: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** What is left out of answers to a request: `open: ret` only of those to `open`. */
function pathsFor(paths: readonly string[], request: string): string[] {
  return paths.flatMap((path) => {
    const [what, rest] = path.split(": ", 2) as [string, string?];
    if (rest === undefined) return [path];
    return what === request ? [rest] : [];
  });
}
