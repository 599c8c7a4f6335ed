import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_REMAP,
  DRM_GPUVA_OP_UNMAP,
  DrmGemObject,
  type DrmGpuvm,
  type ExactMapping,
  type Gpuva,
  type GpuvaOp,
  gpuvaExact,
  gpuvaObj,
  type OpMap,
  opMapExact,
} from "../../src/index.ts";

/** A mapping in numbers of the notation. */
export interface Written {
  readonly addr: bigint;
  readonly end: bigint;
  /** `A`, `B`, or `∅`. */
  readonly obj: string;
  readonly offset: bigint;
}

const SPACE = 1n << 64n;

/** Reads `[10,20)A@5`; the object and offset may be missing, and the offset may be `2^64-5`. */
export function read(text: string): Written {
  const match = /^\[(\d+),(\d+)\)(?:([A-Z∅])@(2\^64-)?(\d+))?$/u.exec(text);
  if (match === null) throw new Error(`not in the notation: ${text}`);
  const [, addr, end, obj, wrapped, offset] = match;
  const off = BigInt(offset ?? 0);
  return {
    addr: BigInt(addr ?? ""),
    end: BigInt(end ?? ""),
    obj: obj ?? "∅",
    offset: wrapped ? SPACE - off : off,
  };
}

/**
 * How the notation's small numbers are numbers of the VM: as they are, or as pages far up in the address space, where
 * doubles have no low bits to spare.
 */
export interface Scale {
  readonly unit: bigint;
  readonly base: bigint;
}

/** The notation's numbers themselves. */
export const UNITS: Scale = { unit: 1n, base: 0n };
/** Pages above 2^63. */
export const PAGES: Scale = { unit: 4096n, base: (1n << 63n) + 4096n };

/** Writes mappings and steps of one VM in the notation. */
export class Writer {
  readonly #vm: DrmGpuvm;
  readonly #scale: Scale;
  readonly #objs: Map<string, DrmGemObject> = new Map();

  constructor(vm: DrmGpuvm, scale: Scale) {
    this.#vm = vm;
    this.#scale = scale;
  }

  /** The object of a letter. */
  obj(letter: string): DrmGemObject | null {
    if (letter === "∅") return null;
    let obj = this.#objs.get(letter);
    if (obj === undefined) {
      obj = new DrmGemObject(this.#vm.dev, { name: letter });
      this.#objs.set(letter, obj);
    }
    return obj;
  }

  /** A mapping's numbers as the VM has them. */
  scaled({ addr, end, offset }: Written): ExactMapping {
    const { unit, base } = this.#scale;
    return { addr: base + addr * unit, range: (end - addr) * unit, offset: (offset * unit) % SPACE };
  }

  /** `[10,20)A@5` of an existing VA. */
  va(va: Gpuva): string {
    return this.#mapping(gpuvaExact(this.#vm, va), gpuvaObj(this.#vm, va));
  }

  /** `MAP [10,20)A@5`. */
  step(op: GpuvaOp): string {
    if (op.op === DRM_GPUVA_OP_MAP) return `MAP ${this.#piece(op.map)}`;
    const keep = (on: boolean) => `keep=${on ? "T" : "F"}`;
    if (op.op === DRM_GPUVA_OP_UNMAP) return `UNMAP ${this.va(op.unmap.va)} ${keep(op.unmap.keep)}`;
    if (op.op !== DRM_GPUVA_OP_REMAP) return `op ${op.op}`;
    const { prev, next, unmap } = op.remap;
    const pieces = [prev && `prev=${this.#piece(prev)}`, next && `next=${this.#piece(next)}`];
    return `REMAP ${this.va(unmap.va)} -> ${pieces.filter((p) => p !== null).join(", ")}; ${keep(unmap.keep)}`;
  }

  #piece(map: OpMap): string {
    return this.#mapping(opMapExact(map), map.obj);
  }

  #mapping({ addr, range, offset }: ExactMapping, obj: DrmGemObject | null): string {
    const { unit, base } = this.#scale;
    for (const v of [addr, range, offset]) if (BigInt.asUintN(64, v) !== v) throw new Error(`${v} is no u64`);
    const from = (addr - base) / unit;
    const off = BigInt.asIntN(64, offset) / unit;
    return `[${from},${from + range / unit})${obj?.name ?? "∅"}@${off < 0n ? `2^64-${-off}` : off}`;
  }
}
