import type { Coverage } from "./coverage.ts";
import type { Limits, Progress } from "./result.ts";

/** How all schedules are gone through. */
export interface SearchOptions extends Limits {
  /**
   * Both go through the same states. `bfs`: what is found is shown by a schedule with the fewest changes of actor. `dfs`: by
   * whichever came first.
   */
  readonly order: "bfs" | "dfs";
  /** False: states are not recognised, every schedule is run (the naive way that reductions are held against). */
  readonly states?: boolean;
  /** Told now and then how far it is. */
  readonly progress?: (progress: Progress) => void;
  /** Notes what the schedules come by. */
  readonly coverage?: Coverage;
}
