import { LINK_OPS } from "./link-ops.ts";
import { LinkSession } from "./link-session.ts";
import { BadLine, type Request } from "./request.ts";
import type { Answer, SessionOptions } from "./session.ts";
import { VM_OPS, vmSpace } from "./vm-ops.ts";
import { VmSession } from "./vm-session.ts";

const SPACE: readonly string[] = ["start", "range", "kstart", "krange"];

/** What a line asks, what the file says was answered, and what the model answers. */
export interface Exchange {
  readonly request: Request;
  readonly expected: Answer;
  readonly actual: Answer;
}

/** The state between two lines that start afresh (`init`, `reset`), and how each line changes it. */
export class Scenario {
  readonly #options: SessionOptions;
  /** What began the scenario. */
  #begun: string | null = null;
  #vm: VmSession | null = null;
  #links: LinkSession | null = null;

  /** Nothing is there yet. */
  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Whether a line throws away everything before it. */
  static startsAfresh(op: string): boolean {
    return op === "init" || op === "reset";
  }

  /**
   * Does what a line asks.
   *
   * @throws BadLine if it asks nothing that there is.
   */
  step(line: Request & { readonly op: string }): Exchange {
    const { op } = line;
    const own = op === "init" ? SPACE : op === "reset" ? [] : (VM_OPS[op] ?? LINK_OPS[op])?.request;
    if (own === undefined) throw new BadLine(`there is no op ${JSON.stringify(op)}`);
    const request: Record<string, unknown> = { op };
    const expected: Answer = {};
    for (const [key, value] of Object.entries(line)) {
      if (key !== "op") (own.includes(key) ? request : expected)[key] = value;
    }
    return { request, expected, actual: this.#answer(op, line) };
  }

  /** What is there, for people. */
  describe(): string[] {
    return this.#vm?.describe() ?? this.#links?.describe() ?? ["nothing"];
  }

  /** Ends a scenario whose checks are on; says what should not be left over. */
  finish(): string[] {
    return this.#options.checks ? (this.#vm?.finish() ?? this.#links?.finish() ?? []) : [];
  }

  #answer(op: string, line: Request): Answer {
    let before = 0;
    let answer: Answer;
    try {
      if (Scenario.startsAfresh(op)) this.#begun = op;
      if (op === "init") {
        this.#vm = new VmSession(vmSpace(line), this.#options);
        answer = {};
      } else if (op === "reset") {
        this.#links = new LinkSession(this.#options);
        answer = this.#linkAnswer(this.#links, {});
      } else {
        before = (this.#vm ?? this.#links)?.dev.warnings ?? 0;
        answer = this.#run(op, line);
      }
    } catch (error) {
      if (error instanceof BadLine) throw error;
      return { threw: (error as Error).message };
    }
    const warn = ((this.#vm ?? this.#links)?.dev.warnings ?? 0) - before;
    return warn === 0 ? answer : { ...answer, warn };
  }

  #run(op: string, line: Request): Answer {
    const vmOp = VM_OPS[op];
    const wanted = vmOp === undefined ? "reset" : "init";
    if (this.#begun !== wanted) throw new BadLine(`${op} without ${wanted} before it`);
    if (vmOp !== undefined) return vmOp.run(there(this.#vm), line);
    const links = there(this.#links);
    return this.#linkAnswer(links, (LINK_OPS[op] as (typeof LINK_OPS)[string]).run(links, line));
  }

  #linkAnswer(links: LinkSession, answer: Answer): Answer {
    const { freed, vmFreed } = links;
    links.freed = [];
    links.vmFreed = null;
    const all: Answer = { ...answer, state: links.state() };
    if (freed.length > 0) all["freed"] = freed;
    if (vmFreed !== null) all["vmFreed"] = vmFreed;
    return all;
  }
}

/** The model may have failed to make what a line works on: then the line fails, too. */
function there<S>(session: S | null): S {
  if (session === null) throw new Error("the scenario could not begin");
  return session;
}
