import { MappedRuns } from "@gpuvm/drm-model";

/** Which buffers a program has mapped in one VM, ascending by address. */
export class MappedBos {
  readonly #mapped: MappedRuns = new MappedRuns();
  #list: number[] = [];
  /** The list has to be made again. */
  changed = false;

  /** A range leads to a buffer from here on; 0: to none. */
  set(va: number, length: number, bo: number): void {
    if (bo === 0) this.#mapped.unmap(va, length);
    else this.#mapped.map(va, length, bo);
    this.changed = true;
  }

  /** The buffers that are mapped, and of which there is a handle, each once. */
  list(open: ReadonlySet<number>): readonly number[] {
    if (this.changed) {
      this.changed = false;
      this.#list = [...new Set(this.#mapped.runs.map(({ bo }) => bo))].filter((bo) => open.has(bo));
    }
    return this.#list;
  }
}
