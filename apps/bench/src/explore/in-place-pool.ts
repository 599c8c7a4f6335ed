import module, { createRequire } from "node:module";
import { UsageError } from "@gpuvm/drm-model";
import type { Tinypool } from "tinypool";
import { FROM_SOURCE, startThreads } from "../cli/threads.ts";
import type { Answers, Job, Order } from "./worker.ts";

/** A search makes and drops objects at every step: with three times what Node gives to new ones (48 MiB) fewer of them grow old. */
const YOUNG_MB = 144;

/** Threads that run the explorer's copies of core, model and policies: this one runs the plain ones. */
export class InPlacePool {
  readonly #pool: Tinypool;
  readonly #transforms: boolean;

  private constructor(pool: Tinypool, transforms: boolean) {
    this.#pool = pool;
    this.#transforms = transforms;
  }

  /**
   * Starts threads, and `most` when there is work for so many; `outside`: a policy that does not ship is explored, which must be transformed as it is loaded; `plain`: by a
   * method that takes all code as it is.
   *
   * @throws UsageError if that cannot be
   */
  static async start(
    threads: number,
    outside: boolean,
    plain = false,
    most: number = threads,
  ): Promise<InPlacePool> {
    if (outside && !plain && !FROM_SOURCE) needTransformer();
    const conditions = plain ? [] : ["@gpuvm/explore"];
    const worker = new URL("./worker", import.meta.url);
    const pool = await startThreads(worker, { threads, most, youngMb: YOUNG_MB, conditions });
    return new InPlacePool(pool, !plain && (FROM_SOURCE || outside));
  }

  /** Runs one job. */
  async run<J extends Job>(job: J): Promise<Answers[J["kind"]]> {
    const order: Order = { ...job, transforms: this.#transforms };
    const transferList = "port" in job ? [job.port] : [];
    return (await this.#pool.run(order, { transferList })) as Answers[J["kind"]];
  }

  /** Ends the threads. */
  async end(): Promise<void> {
    await this.#pool.destroy();
  }
}

function needTransformer(): void {
  // Not imported by its name: Node 20 does not have it, and would not even begin.
  if (typeof module.registerHooks !== "function") {
    throw new UsageError(
      `a policy that does not ship is transformed as it is loaded, which takes Node 22.15 or newer; this is Node ${process.versions.node}, where --method dpor explores it as it is`,
    );
  }
  try {
    createRequire(import.meta.url).resolve("@babel/standalone");
  } catch {
    throw new UsageError(
      "a policy that does not ship is transformed before it is explored: npm install @babel/standalone beside gpuvm-bench, or explore it as it is with --method dpor",
    );
  }
}
