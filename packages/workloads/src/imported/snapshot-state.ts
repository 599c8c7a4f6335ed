import type { Snapshot, SnapshotObject } from "@gpuvm/trace";
import { TraceError } from "@gpuvm/trace";

/** One mapping of a state that was dumped, in numbers that a request can carry. */
export interface DumpedMapping {
  readonly va: number;
  readonly length: number;
  /** What the dump calls the buffer; empty for none (sparse, or the program's own memory). */
  readonly object: string;
  readonly offset: number;
}

/** What a dump shows at one moment. */
export interface DumpedState {
  /** Mappings by address, for each address space. */
  readonly spaces: ReadonlyMap<string, ReadonlyMap<number, DumpedMapping>>;
  /** Bytes of each buffer: what the dump says, or as far as its mappings reach. */
  readonly sizes: ReadonlyMap<string, number>;
}

const PAGE = 4096;

/** Gathers the rows of one dump. */
export class StateBuilder {
  readonly #file: string;
  readonly #spaces = new Map<string, Map<number, DumpedMapping>>();
  readonly #names = new Map<number, string>();
  readonly #used = new Map<string, number>();
  readonly #sizes = new Map<string, number>();
  /** Buffers that the dump lists, in its order: mappings of such a dump name them by their place in it. */
  readonly #listed: string[] = [];
  #anonymous = 0;

  /** A dump of which nothing was read; `file` is what messages call it. */
  constructor(file: string) {
    this.#file = file;
  }

  /** The next row. @throws TraceError if it tells of a mapping that no request can ask for */
  push(row: Snapshot, line: number): void {
    if (row.type === "space") {
      // Names need not be unique; the order of spaces is.
      const nth = (this.#used.get(row.name) ?? 0) + 1;
      this.#used.set(row.name, nth);
      const name = `${row.name}#${nth}`;
      this.#names.set(row.space, name);
      this.#spaces.set(name, new Map());
    } else if (row.type === "object") {
      const name = this.#listedName(row);
      this.#listed.push(name);
      if (row.size > 0) this.#size(name, row.size);
    } else if (row.type === "mapping") {
      const whole = (value: bigint, what: string): number => {
        const n = Number(value);
        if (n % PAGE === 0 && BigInt(n) === value) return n;
        const hint = "gpuvm-bench lint shows all such lines";
        throw new TraceError({ file: this.#file, line, reason: `${what} is no multiple of 4096`, hint });
      };
      const name = this.#names.get(row.space) ?? `space ${row.space}`;
      const space = this.#spaces.get(name) ?? new Map<number, DumpedMapping>();
      this.#spaces.set(name, space);
      const [va, length] = [whole(row.va, "the address"), whole(row.length, "the length")];
      const offset = whole(row.offset ?? 0n, "the offset");
      const object = this.#objectOf(row.object, row.properties);
      if (object !== "") this.#size(object, offset + length);
      space.set(va, { va, length, object, offset });
    }
  }

  /** Everything that was read. */
  finish(): DumpedState {
    return { spaces: this.#spaces, sizes: this.#sizes };
  }

  #objectOf(object: bigint | undefined, properties: Readonly<Record<string, string>> | undefined): string {
    if (object === 0n) return "";
    if (object !== undefined) return this.#listed[Number(object) - 1] ?? `0x${object.toString(16)}`;
    // The program's own memory is no buffer, and sparse ranges have none.
    if (properties !== undefined && ("null_sparse" in properties || "userptr" in properties)) return "";
    // The dump doesn't name buffers: each mapping gets one of its own.
    return `unnamed ${++this.#anonymous}`;
  }

  /** The mmap offset is unique where there is one; names and ids mostly are not. */
  #listedName(row: SnapshotObject): string {
    const offset = row.properties["offset"] ?? row.properties["file-offset"] ?? "0";
    const name = /[1-9a-f]/.test(offset) ? `at ${offset}` : `${row.creator ?? ""} ${row.name} ${row.size}`;
    const nth = (this.#used.get(name) ?? 0) + 1;
    this.#used.set(name, nth);
    return `${name}#${nth}`;
  }

  #size(object: string, reach: number): void {
    const bytes = Math.ceil(reach / PAGE) * PAGE;
    if (bytes > (this.#sizes.get(object) ?? 0)) this.#sizes.set(object, bytes);
  }
}
