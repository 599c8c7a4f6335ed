import { MessageChannel, type MessagePort } from "node:worker_threads";
import { type Common, newCommon, type Part, type Progress, type SearchResult } from "@gpuvm/explorer";
import type { How, Named } from "@gpuvm/scenarios";
import type { InPlacePool } from "./in-place-pool.ts";

/** Told now and then how far a scenario is. */
export type Watcher = (scenario: string, progress: Progress) => void;

/** Steps of a search that take about as long as a thread takes to begin. */
const HELP_FROM = 16_384;

/** A search that is under way. */
interface Search {
  readonly name: string;
  readonly common: Common;
  /** What its threads come to, the first one's before all. */
  readonly parts: Promise<Part>[];
}

/**
 * Searches scenarios by several threads: each thread goes through one while there are some left, then helps with those that are
 * under way.
 */
export class Together {
  readonly #pool: InPlacePool;
  readonly #how: How;
  readonly #watcher: Watcher | undefined;
  readonly #helpFrom: number;
  /** Searches that take help. */
  readonly #long = new Set<Search>();
  #leading = 0;
  /** Threads without work: each looks again when something has changed. */
  #idle: (() => void)[] = [];

  /** `helpFrom`: steps after which a search takes help. */
  constructor(pool: InPlacePool, how: How, watcher: Watcher | undefined, helpFrom: number = HELP_FROM) {
    this.#pool = pool;
    this.#how = how;
    this.#watcher = watcher;
    this.#helpFrom = helpFrom;
  }

  /** Searches all scenarios with so many threads; what comes out is in their order. */
  async search(all: readonly Named[], threads: number): Promise<SearchResult[]> {
    const results: SearchResult[] = [];
    const todo = all.entries();
    const thread = async (): Promise<void> => {
      for (;;) {
        const next = todo.next();
        if (next.done !== true) {
          const [i, { name }] = next.value;
          this.#leading++;
          results[i] = await this.#lead(name);
          this.#leading--;
          this.#tell();
          continue;
        }
        const [search] = [...this.#long].sort((one, other) => one.parts.length - other.parts.length);
        if (search !== undefined) await this.#part(search);
        else if (this.#leading === 0) return;
        else await new Promise<void>((look) => this.#idle.push(look));
      }
    };
    await Promise.all(Array.from({ length: threads }, thread));
    return results;
  }

  async #lead(name: string): Promise<SearchResult> {
    for (let answers = false; ; answers = true) {
      const common = newCommon(answers);
      const search: Search = { name, common, parts: [] };
      if (this.#helpFrom === 0) this.#takesHelp(search);
      await this.#part(search);
      this.#long.delete(search);
      const parts = await Promise.all(search.parts);
      if (parts.some(({ end }) => end === "asked")) continue;
      const how = this.#how;
      const result = await this.#with(name, null, (port) =>
        this.#pool.run({ kind: "conclude", name, how, common, parts, port }),
      );
      if (result !== null) return result;
    }
  }

  #part(search: Search): Promise<Part> {
    const { name, common, parts } = search;
    const how = this.#how;
    const first = parts.length === 0;
    const part = this.#with(name, first ? search : null, (port) =>
      this.#pool.run({ kind: "part", name, how, common, first, port }),
    );
    parts.push(part);
    return part;
  }

  /** Runs a job that tells how far it is; the first thread of a search tells for all of them. */
  async #with<T>(name: string, search: Search | null, run: (port: MessagePort) => Promise<T>): Promise<T> {
    const { port1, port2 } = new MessageChannel();
    port1.on("message", (progress: Progress) => {
      this.#watcher?.(name, progress);
      if (search !== null && progress.transitions >= this.#helpFrom) this.#takesHelp(search);
    });
    try {
      return await run(port2);
    } finally {
      port1.close();
    }
  }

  #takesHelp(search: Search): void {
    if (this.#long.has(search)) return;
    this.#long.add(search);
    this.#tell();
  }

  #tell(): void {
    for (const look of this.#idle.splice(0)) look();
  }
}
