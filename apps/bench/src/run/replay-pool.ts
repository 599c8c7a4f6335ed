import { UsageError } from "@gpuvm/drm-model";
import type { Tinypool } from "tinypool";
import { outsideLoaded } from "../inputs/outside-policy.ts";
import type { PlannedJob } from "./plan.ts";
import type { Failure, Outcome, ReplayHow, ReplayOrder } from "./replay-worker.ts";

/** Three times V8's semi-space of 32 MiB, as the command itself has it. */
const YOUNG_MB = 96;

/** Errors whose message is for the user. */
const TOLD = new Set(["UsageError", "TraceError"]);

/** Threads that make replays. */
export class ReplayPool {
  readonly #pool: Tinypool;

  private constructor(pool: Tinypool) {
    this.#pool = pool;
  }

  /** Starts them. */
  static async start(threads: number): Promise<ReplayPool> {
    const { Tinypool } = await import("tinypool");
    const source = import.meta.url.endsWith(".ts");
    const pool = new Tinypool({
      filename: new URL(source ? "./replay-worker.ts" : "./replay-worker.js", import.meta.url).href,
      runtime: "worker_threads",
      minThreads: threads,
      maxThreads: threads,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      execArgv: ["--no-warnings", ...(source ? ["--conditions=@gpuvm/source"] : [])],
    });
    return new ReplayPool(pool);
  }

  /**
   * Makes one replay.
   *
   * @throws UsageError for what is wrong with its input
   */
  async run({ origin, subject }: PlannedJob, how: ReplayHow): Promise<Outcome> {
    const { driver, variantName, boOwnership } = subject;
    const policy = `${driver.name}:${variantName}`;
    const order: ReplayOrder = { origin, policy, boOwnership, outside: outsideLoaded(), how };
    const answer = (await this.#pool.run(order)) as Outcome | Failure;
    if (!("failure" in answer)) return answer;
    throw TOLD.has(answer.name) ? new UsageError(answer.failure) : new Error(answer.failure);
  }

  /** Ends the threads, whatever they do. */
  async end(): Promise<void> {
    await this.#pool.destroy();
  }
}
