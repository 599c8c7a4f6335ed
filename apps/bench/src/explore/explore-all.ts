import { MessageChannel } from "node:worker_threads";
import type { Progress } from "@gpuvm/explorer";
import { type Explored, type How, type Named, searchOne, showAll } from "@gpuvm/scenarios";
import { isOutside } from "../inputs/outside-policy.ts";
import { InPlacePool } from "./in-place-pool.ts";

/** Told now and then how far a scenario is. */
export type Watcher = (scenario: string, progress: Progress) => void;

/** Methods that take plain code: they run where they are asked for. */
const PLAIN: ReadonlySet<How["method"]> = new Set(["naive", "dpor", "random", "pct"]);

/**
 * Explores scenarios, as many at once as there are workers. Each is explored by one worker from its beginning to its
 * end, so what comes out does not depend on how many there are. What they find is told by this thread's plain code.
 */
export async function exploreAll(
  all: readonly Named[],
  how: How,
  workers: number,
  watcher?: Watcher,
  width?: number,
): Promise<Explored[]> {
  const threads = Math.max(1, Math.min(workers, all.length));
  if (PLAIN.has(how.method) && threads === 1)
    return all.map((named) =>
      showAll(named, searchOne(named, how, watcher && ((p) => watcher(named.name, p))), width),
    );
  const pool = await InPlacePool.start(
    threads,
    all.some(({ name }) => isOutside(name.slice(0, name.lastIndexOf("/")))),
    PLAIN.has(how.method),
  );
  try {
    return await Promise.all(
      all.map(async (named) => {
        const { port1, port2 } = new MessageChannel();
        port1.on("message", (progress: Progress) => watcher?.(named.name, progress));
        const result = await pool.run({ kind: "search", name: named.name, how, port: port2 });
        port1.close();
        return showAll(named, result, width);
      }),
    );
  } finally {
    await pool.end();
  }
}
