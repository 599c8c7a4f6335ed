import { MessageChannel } from "node:worker_threads";
import type { Progress } from "@gpuvm/explorer";
import { type Explored, exploreOne, type How, type Named } from "@gpuvm/scenarios";
import type { WorkerJob } from "./worker.ts";

/**
 * Each schedule makes a machine and drops it. Three times what Node gives to new objects (48 MiB) lets more of them be
 * gone when the collector looks.
 */
const YOUNG_MB = 144;

/** Told now and then how far a scenario is. */
export type Watcher = (scenario: string, progress: Progress) => void;

/**
 * Explores scenarios, as many at once as there are workers. Each is explored by one worker from its beginning to its
 * end, so what comes out does not depend on how many there are.
 */
export async function exploreAll(
  all: readonly Named[],
  how: How,
  workers: number,
  watcher?: Watcher,
): Promise<Explored[]> {
  const threads = Math.min(workers, all.length);
  if (threads <= 1) {
    return all.map((named) => exploreOne(named, how, watcher && ((p) => watcher(named.name, p))));
  }
  const { Tinypool } = await import("tinypool");
  const source = import.meta.url.endsWith(".ts");
  const pool = new Tinypool({
    filename: new URL(source ? "./worker.ts" : "./worker.js", import.meta.url).href,
    runtime: "worker_threads",
    minThreads: threads,
    maxThreads: threads,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    ...(source ? { execArgv: ["--conditions=@gpuvm/source"] } : {}),
  });
  try {
    return await Promise.all(
      all.map(async ({ name }) => {
        const { port1, port2 } = new MessageChannel();
        port1.on("message", (progress: Progress) => watcher?.(name, progress));
        const job: WorkerJob = { name, how, port: port2 };
        const explored = (await pool.run(job, { transferList: [port2] })) as Explored;
        port1.close();
        return explored;
      }),
    );
  } finally {
    await pool.destroy();
  }
}
