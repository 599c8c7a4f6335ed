import type { NeutralRequest, Request } from "@gpuvm/drm-model";

/**
 * Joins what several clients asked into one trace, in the order of time: each stream's files and buffers get numbers of
 * their own. Holds one batch of each.
 */
export async function* sideBySide(
  streams: readonly AsyncIterable<readonly NeutralRequest[]>[],
): AsyncGenerator<readonly Request[], void, undefined> {
  const n = streams.length;
  const heads = await Promise.all(streams.map((stream) => Head.of(stream)));
  for (;;) {
    let first: Head | undefined;
    for (const head of heads) {
      if (head.request !== undefined && (first?.request === undefined || head.request.t < first.request.t)) {
        first = head;
      }
    }
    if (first === undefined) return;
    const i = heads.indexOf(first);
    const others = heads.filter((head) => head !== first && head.request !== undefined);
    const until = Math.min(...others.map((head) => (head.request as NeutralRequest).t));
    const batch: Request[] = [];
    for (let r = first.request; r !== undefined && r.t <= until && batch.length < 4096; r = first.request) {
      batch.push(renumbered(r, n, i));
      if (!first.step()) await first.refill();
    }
    yield batch;
  }
}

class Head {
  readonly #iterator: AsyncIterator<readonly NeutralRequest[]>;
  #batch: readonly NeutralRequest[] = [];
  #at = 0;

  constructor(stream: AsyncIterable<readonly NeutralRequest[]>) {
    this.#iterator = stream[Symbol.asyncIterator]();
  }

  static async of(stream: AsyncIterable<readonly NeutralRequest[]>): Promise<Head> {
    const head = new Head(stream);
    await head.refill();
    return head;
  }

  /** The next request; undefined at the end. */
  get request(): NeutralRequest | undefined {
    return this.#batch[this.#at];
  }

  /** Goes on; false: the batch is used up. */
  step(): boolean {
    return ++this.#at < this.#batch.length;
  }

  async refill(): Promise<void> {
    do {
      const next = await this.#iterator.next();
      this.#batch = next.done === true ? [] : next.value;
      this.#at = 0;
      if (next.done === true) return;
    } while (this.#batch.length === 0);
  }
}

/** Number `x` of stream `i` of `n`: different for different streams, 0 stays 0. */
function renumbered(r: NeutralRequest, n: number, i: number): NeutralRequest {
  const serial = (bo: number) => (bo === 0 ? 0 : bo * n + i);
  const f = r.f * n + i;
  if (r.op === "vm_bind") return { ...r, f, ops: r.ops.map((op) => ({ ...op, bo: serial(op.bo) })) };
  if (r.op === "submit") return { ...r, f, bos: r.bos === null ? null : r.bos.map(serial) };
  return "bo" in r ? { ...r, f, bo: serial(r.bo) } : { ...r, f };
}
