import type { SnapshotMemory } from "@gpuvm/trace";
import type { Stat } from "@gpuvm/workloads";

/** Owners of memory that are told apart; the others are counted together. */
const GAUGES_MAX = 10_000;

/** Amounts of memory that are told again and again: the last one and the highest, never their sum. */
export class Gauges {
  readonly #gauges = new Map<string, { last: number; peak: number }>();

  /** The next amount. */
  add({ owner, region, what, bytes }: SnapshotMemory): void {
    const name = `${owner} ${region} ${what}`;
    const key = this.#gauges.has(name) || this.#gauges.size < GAUGES_MAX ? name : "others";
    const known = this.#gauges.get(key);
    this.#gauges.set(key, { last: bytes, peak: Math.max(bytes, known?.peak ?? 0) });
  }

  /** The last and the highest amount of each, in bytes. */
  rows(): [label: string, bytes: number][] {
    return [...this.#gauges].flatMap(([name, { last, peak }]): [string, number][] =>
      peak === last
        ? [[name, last]]
        : [
            [`${name}, last`, last],
            [`${name}, peak`, peak],
          ],
    );
  }

  /** The same as figures of a trace. */
  stats(): Stat[] {
    return this.rows().map(([label, bytes]) => ({ key: label, label, values: [bytes], unit: "bytes" }));
  }
}
