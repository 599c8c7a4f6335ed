import { MessageChannel } from "node:worker_threads";
import type { Progress } from "@gpuvm/explorer";
import { type Explored, type How, isShared, type Named, searchOne, showAll } from "@gpuvm/scenarios";
import { isOutside } from "../inputs/outside-policy.ts";
import { InPlacePool } from "./in-place-pool.ts";
import { Together, type Watcher } from "./together.ts";

/** Methods that take plain code: they run where they are asked for. */
const PLAIN: ReadonlySet<How["method"]> = new Set(["naive", "dpor", "random", "pct"]);

/** How scenarios are explored by several threads. */
export interface Workers {
  /** As many threads. */
  readonly workers: number;
  /** Columns of tables. */
  readonly width?: number | undefined;
  /** Steps of one search after which others help with it; default: so many that a thread is begun in less time. */
  readonly helpFrom?: number;
}

/**
 * Explores scenarios, as many at once as there are workers; where fewer are left, several workers explore one together. What comes
 * out does not depend on how many there are. What they find is told by this thread's plain code.
 */
export async function exploreAll(
  all: readonly Named[],
  how: How,
  { workers, width, helpFrom }: Workers,
  watcher?: Watcher,
): Promise<Explored[]> {
  const plain = PLAIN.has(how.method);
  const few = Math.max(1, Math.min(workers, all.length));
  if (plain && few === 1)
    return all.map((named) =>
      showAll(named, searchOne(named, how, watcher && ((p) => watcher(named.name, p))), width),
    );
  const outside = all.some(({ name }) => isOutside(name.slice(0, name.lastIndexOf("/"))));
  const shared = isShared(how);
  const pool = await InPlacePool.start(few, outside, plain, shared ? workers : few);
  try {
    if (shared) {
      const results = await new Together(pool, how, watcher, helpFrom).search(all, workers);
      return all.map((named, i) => showAll(named, results[i] as (typeof results)[number], width));
    }
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
