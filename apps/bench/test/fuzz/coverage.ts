import { type Profiler, Session } from "node:inspector/promises";

/** What of the project's own code has run, as V8 counts it: block by block. */
export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  /** Begins to count. */
  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post("Profiler.enable");
    await this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** What has run since the last call that never had before. */
  async grown(): Promise<string[]> {
    const news = (await this.#ran()).filter((block) => !this.#seen.has(block));
    for (const block of news) this.#seen.add(block);
    return news;
  }

  /** Which of these blocks have run since the last call. */
  async among(blocks: ReadonlySet<string>): Promise<string[]> {
    return (await this.#ran()).filter((block) => blocks.has(block));
  }

  async #ran(): Promise<string[]> {
    const { result } = (await this.#session.post(
      "Profiler.takePreciseCoverage",
    )) as Profiler.TakePreciseCoverageReturnType;
    const ran: string[] = [];
    for (const { scriptId, url, functions } of result) {
      if (!url.startsWith("file:") || url.includes("/node_modules/")) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges)
          if (count > 0) ran.push(`${scriptId}:${startOffset}-${endOffset}:${magnitude(count)}`);
      }
    }
    return ran;
  }
}

/** Once, a few times, often: a loop that turns more often is something new, too. */
function magnitude(count: number): number {
  return Math.min(4, Math.floor(Math.log2(count) / 3));
}
