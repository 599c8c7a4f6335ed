import type { Tinypool } from "tinypool";

/** Whether the command runs from its sources. */
export const FROM_SOURCE: boolean = import.meta.url.endsWith(".ts");

/** Threads of a pool. */
export interface ThreadsHow {
  /** So many from the start. */
  readonly threads: number;
  /** So many when there is work for them. */
  readonly most: number;
  /** What new objects may take in each, in MiB. */
  readonly youngMb: number;
  /** Conditions by which packages are found; sources are found by theirs. */
  readonly conditions?: readonly string[];
}

/** Starts threads that run a module: `worker` is where it is, without the end of its name. */
export async function startThreads(worker: URL, how: ThreadsHow): Promise<Tinypool> {
  const { Tinypool } = await import("tinypool");
  const conditions = FROM_SOURCE ? ["@gpuvm/source"] : (how.conditions ?? []);
  return new Tinypool({
    filename: `${worker.href}${FROM_SOURCE ? ".ts" : ".js"}`,
    runtime: "worker_threads",
    minThreads: how.threads,
    maxThreads: how.most,
    resourceLimits: { maxYoungGenerationSizeMb: how.youngMb },
    execArgv: ["--no-warnings", ...conditions.map((condition) => `--conditions=${condition}`)],
  });
}
