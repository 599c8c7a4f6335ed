import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Workload } from "../workload.ts";

/** What is compared with: a red-black tree with its links in the mappings, as the kernel's, and `std::map`. */
export const STORES = ["red-black-tree", "std::map"] as const;

/** A structure of the yardstick. */
export type Store = (typeof STORES)[number];

/** What a run of the yardstick answers. */
export interface NativeAnswer {
  /** CPU time. */
  readonly nsPerOp: number;
  readonly steps: number;
  readonly live: number;
  readonly checksum: string;
  /** Only where it was asked for. */
  readonly full: string | undefined;
}

/** The compiled yardstick, running: one process for all runs, as the core is. */
export class Yardstick {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #over: Promise<unknown>;
  #told = "";

  /** Starts `program`. */
  constructor(program: string) {
    this.#child = spawn(program);
    this.#over = once(this.#child, "close");
    // One that has ended is noticed where its answer is missing.
    this.#child.stdin.on("error", () => {});
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#told += text;
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Runs a workload once. */
  async run(store: Store, { case: name, n, ops, seed }: Workload, full: boolean): Promise<NativeAnswer> {
    this.#child.stdin.write(`${store} ${name} ${n} ${ops} ${seed} ${Number(full)}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) {
      await this.#over;
      throw new Error(`the yardstick ended early on ${name}: ${this.#told.trim()}`);
    }
    const [ns, counted, steps, live, checksum, sum] = value.split(" ");
    return {
      nsPerOp: Number(ns) / Number(counted),
      steps: Number(steps),
      live: Number(live),
      checksum: checksum as string,
      full: full ? sum : undefined,
    };
  }

  /** Ends it. */
  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#over;
  }
}
