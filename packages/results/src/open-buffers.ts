import type { Request } from "@gpuvm/drm-model";

/** Buffers with a handle, as the requests of a trace tell of them. */
export class OpenBuffers {
  readonly #max: number;
  readonly #ofFile = new Map<number, number>();
  #open = 0;

  /** `max`: more than so many at once are refused. */
  constructor(max: number) {
    this.#max = max;
  }

  /** The next requests. @throws RangeError if more are open than there may be */
  push(batch: readonly Request[]): void {
    for (const r of batch) {
      if (r.op === "gem_new" || (r.op === "prime_import" && r.fresh)) this.#add(r.f, 1);
      else if (r.op === "gem_close") this.#add(r.f, -1);
      else if (r.op === "close") this.#add(r.f, -(this.#ofFile.get(r.f) ?? 0));
    }
  }

  #add(f: number, by: number): void {
    const before = this.#ofFile.get(f) ?? 0;
    // What nobody opened can be closed as often as a trace likes: that makes no room for others.
    const after = Math.max(0, before + by);
    this.#ofFile.set(f, after);
    this.#open += after - before;
    if (this.#open > this.#max) {
      throw new RangeError(`more than ${this.#max} buffers are open at once; --max-buffers raises the limit`);
    }
  }
}
