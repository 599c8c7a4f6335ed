import type { BindOp } from "@gpuvm/drm-model";

interface Mapping {
  readonly va: number;
  readonly length: number;
  readonly bo: number;
  readonly boOffset: number;
}

/**
 * What a program has mapped in one VM, as a user-mode driver must remember it: an unmap has to name one mapping,
 * exactly. Ascending; a new mapping cuts older ones, as the kernel does.
 */
export class ExactMaps {
  readonly #maps: Mapping[] = [];

  /** Maps over whatever is there. */
  map(bo: number, boOffset: number, va: number, length: number): BindOp {
    const mapping = { va, length, bo, boOffset };
    const { from, to, before, behind } = this.#cut(va, length);
    this.#maps.splice(from, to - from, ...before, mapping, ...behind);
    return mapOp(mapping);
  }

  /** Unmaps a range: each mapping in it, whole; what sticks out is mapped again. */
  unmap(va: number, length: number): BindOp[] {
    const { from, to, before, behind } = this.#cut(va, length);
    const gone = this.#maps.splice(from, to - from, ...before, ...behind);
    const ops: BindOp[] = gone.map((m) => ({
      kind: "unmap",
      bo: 0,
      boOffset: 0,
      va: m.va,
      length: m.length,
      flags: 0,
    }));
    for (const piece of [...before, ...behind]) ops.push(mapOp(piece));
    return ops;
  }

  #cut(va: number, length: number): { from: number; to: number; before: Mapping[]; behind: Mapping[] } {
    const maps = this.#maps;
    const end = va + length;
    let from = 0;
    for (let hi = maps.length; from < hi; ) {
      const mid = (from + hi) >> 1;
      const m = maps[mid] as Mapping;
      if (m.va + m.length > va) hi = mid;
      else from = mid + 1;
    }
    let to = from;
    while (to < maps.length && (maps[to] as Mapping).va < end) to++;
    const first = maps[from];
    const last = maps[to - 1];
    const before: Mapping[] = [];
    const behind: Mapping[] = [];
    if (from < to && first !== undefined && first.va < va) before.push({ ...first, length: va - first.va });
    if (from < to && last !== undefined && last.va + last.length > end) {
      const skip = end - last.va;
      behind.push({ ...last, va: end, length: last.length - skip, boOffset: last.boOffset + skip });
    }
    return { from, to, before, behind };
  }
}

function mapOp({ bo, boOffset, va, length }: Mapping): BindOp {
  return { kind: "map", bo, boOffset, va, length, flags: 0 };
}
