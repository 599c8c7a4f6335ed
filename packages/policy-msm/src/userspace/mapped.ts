import { type MappedRun, MappedRuns, type NeutralBindOp } from "@gpuvm/drm-model";

/** What a translated program has mapped in one address space: to list it at submits, and to unmap it at the end. */
export class Mapped {
  readonly #mapped: MappedRuns = new MappedRuns();
  readonly #count: Map<number, number> = new Map();
  readonly #tally = (bo: number, by: 1 | -1): void => {
    if (bo === 0) return;
    const count = (this.#count.get(bo) ?? 0) + by;
    if (count > 0) this.#count.set(bo, count);
    else this.#count.delete(bo);
  };

  /** The buffers that have a mapping, in the order in which they got their first one. */
  get bos(): number[] {
    return [...this.#count.keys()];
  }

  /** What is mapped, ascending. */
  get runs(): readonly MappedRun[] {
    return this.#mapped.runs;
  }

  /** Follows a bind operation. */
  apply({ kind, bo, va, length }: NeutralBindOp): void {
    if (kind === "unmap") this.#mapped.unmap(va, length, this.#tally);
    else this.#mapped.map(va, length, kind === "map" ? bo : 0, this.#tally);
  }

  /** A buffer cannot be listed any more: its handle is closed. */
  forget(bo: number): void {
    this.#count.delete(bo);
  }
}
