import { UsageError } from "@gpuvm/drm-model";
import type { Tinypool } from "tinypool";
import { startThreads } from "../cli/threads.ts";
import { outsideLoaded } from "../inputs/outside-policy.ts";
import type { PlannedJob } from "./plan.ts";
import type { Failure, Outcome, ReplayHow, ReplayOrder } from "./replay-worker.ts";

/** Three times V8's semi-space of 32 MiB, as the command itself has it. */
const YOUNG_MB = 96;

/** Threads that make replays. */
export class ReplayPool {
  readonly #pool: Tinypool;

  private constructor(pool: Tinypool) {
    this.#pool = pool;
  }

  /** Starts them. */
  static async start(threads: number): Promise<ReplayPool> {
    const worker = new URL("./replay-worker", import.meta.url);
    return new ReplayPool(await startThreads(worker, { threads, most: threads, youngMb: YOUNG_MB }));
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
    throw new UsageError(answer.failure);
  }

  /** Ends the threads, whatever they do. */
  async end(): Promise<void> {
    await this.#pool.destroy();
  }
}
