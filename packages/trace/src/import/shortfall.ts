/** What is missing from what was made of a file. */
import type { ImportedLoss } from "./imported.ts";
import type { PassedOver } from "./skipped.ts";

/** Kinds that are named; the others are counted together. */
const NAMED = 6;

/** Gathers what a file lost or what was not understood of it, for one sentence on each. */
export class Shortfall {
  #losses = 0;
  #events = 0;
  #first = 0;
  #faults = 0;

  /** Events are missing. */
  lost({ line, events }: ImportedLoss): void {
    if (this.#losses++ === 0) this.#first = line;
    this.#events += events ?? 0;
  }

  /** A fault of the GPU, which is no request. */
  fault(): void {
    this.#faults++;
  }

  /** How many there were. */
  get faults(): number {
    return this.#faults;
  }

  /** Why what was made of the file is not the whole of it, in words; empty: it is. */
  words(skipped: ReadonlyMap<string, PassedOver>): string[] {
    const out: string[] = [];
    if (this.#losses > 0) {
      const many = this.#events > 0 ? `${this.#events} events were` : "events were";
      const places = this.#losses === 1 ? "" : ` and in ${this.#losses - 1} more places`;
      out.push(`${many} lost at line ${this.#first}${places}`);
    }
    const unread = [...skipped.values()].filter(({ harmless }) => !harmless);
    if (unread.length > 0) {
      const lines = unread.reduce((sum, kind) => sum + kind.lines, 0);
      const named = unread
        .toSorted((a, b) => b.lines - a.lines)
        .slice(0, NAMED)
        .map(({ what, lines: n, first }) => `${n} ${what} (line ${first})`);
      const more = unread.length > NAMED ? `, and ${unread.length - NAMED} more kinds` : "";
      out.push(
        `${lines} ${lines === 1 ? "line was" : "lines were"} not understood: ${named.join(", ")}${more}`,
      );
    }
    return out;
  }
}
