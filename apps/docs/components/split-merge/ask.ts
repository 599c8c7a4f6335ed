import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_REMAP,
  DrmDevice,
  DrmGemObject,
  DrmGpuvm,
  errnoName,
  type Gpuva,
  type GpuvaSmOp,
  gpuvaAlloc,
  gpuvaFree,
  gpuvaInit,
  gpuvaInsert,
  gpuvaMap,
  gpuvaObj,
  gpuvaRemap,
  gpuvaUnmap,
  gpuvmDump,
  gpuvmMadviseOpsCreate,
  gpuvmResvObjectAlloc,
  gpuvmSmMapOpsCreate,
  gpuvmSmUnmapOpsCreate,
  type OpMap,
} from "@gpuvm/core";

/** A mapping in small numbers, as the kernel's own pictures have them. */
export interface Mapping {
  addr: number;
  end: number;
  /** `A` to `D`, or `∅`: no object. */
  obj: string;
  offset: number;
}

/** What is asked of the address space. */
export interface Ask extends Mapping {
  kind: "map" | "unmap" | "madvise";
}

/** One step of the core's answer, with the pieces that it leaves. */
export interface Step {
  readonly kind: "MAP" | "REMAP" | "UNMAP" | "PREFETCH";
  readonly text: string;
  /** Whether the page-table entries already point where the request wants them; null: a map has no such hint. */
  readonly keep: boolean | null;
}

/** What the core answers, and what is mapped when it was done. */
export interface Answer {
  readonly steps: readonly Step[];
  readonly after: readonly Mapping[];
  /** Why there is no answer. */
  readonly error: string | null;
}

/** Asks the core. `before` must not overlap. */
export function ask(before: readonly Mapping[], request: Ask): Answer {
  const dev = new DrmDevice();
  const rObj = gpuvmResvObjectAlloc(dev) as DrmGemObject;
  const vm = new DrmGpuvm(dev, { start: 0, range: 2 ** 20, ops: { vmFree() {} }, rObj });
  const objects = new Map<string, DrmGemObject>();
  const objectOf = (name: string): DrmGemObject | null => {
    if (name === "∅") return null;
    const known = objects.get(name) ?? new DrmGemObject(dev, { name });
    objects.set(name, known);
    return known;
  };
  for (const { addr, end, obj, offset } of before) {
    const va = gpuvaAlloc(vm);
    gpuvaInit(vm, va, addr, end - addr, objectOf(obj), offset);
    const ret = gpuvaInsert(vm, va);
    if (ret !== 0)
      return { steps: [], after: before, error: `${written({ addr, end, obj, offset })}: ${errnoName(ret)}` };
  }
  const { kind, addr, end, obj, offset } = request;
  const req = { addr, range: end - addr, obj: objectOf(obj), offset };
  const ops =
    kind === "unmap"
      ? gpuvmSmUnmapOpsCreate(vm, addr, end - addr)
      : kind === "map"
        ? gpuvmSmMapOpsCreate(vm, req)
        : gpuvmMadviseOpsCreate(vm, req);
  if (typeof ops === "number") return { steps: [], after: before, error: errnoName(ops) };
  const list = ops.list;
  const steps = list.map((op) => stepOf(vm, op));
  for (const op of list) apply(vm, op);
  return { steps, after: (gpuvmDump(vm) as Gpuva[]).map((va) => mappingOf(vm, va)), error: null };
}

/** `[10,20)A@5`. */
export function written({ addr, end, obj, offset }: Mapping): string {
  return `[${addr},${end})${obj}@${offset}`;
}

function mappingOf(vm: DrmGpuvm, va: Gpuva): Mapping {
  const { vas } = vm;
  return {
    addr: vas.addr(va),
    end: vas.end(va),
    obj: gpuvaObj(vm, va)?.name ?? "∅",
    offset: vas.offset(va),
  };
}

function pieceOf({ addr, range, obj, offset }: OpMap): string {
  return written({ addr, end: addr + range, obj: obj?.name ?? "∅", offset });
}

function stepOf(vm: DrmGpuvm, op: GpuvaSmOp): Step {
  if (op.op === DRM_GPUVA_OP_MAP) return { kind: "MAP", text: pieceOf(op.map), keep: null };
  if (op.op !== DRM_GPUVA_OP_REMAP)
    return { kind: "UNMAP", text: written(mappingOf(vm, op.unmap.va)), keep: op.unmap.keep };
  const { prev, next, unmap } = op.remap;
  const pieces = [prev && `prev ${pieceOf(prev)}`, next && `next ${pieceOf(next)}`].filter(
    (piece) => piece !== null,
  );
  return {
    kind: "REMAP",
    text: `${written(mappingOf(vm, unmap.va))} to ${pieces.join(" and ")}`,
    keep: unmap.keep,
  };
}

/** Applies a step as a driver does; without vm_bos, which these pictures do not show. */
function apply(vm: DrmGpuvm, op: GpuvaSmOp): void {
  if (op.op === DRM_GPUVA_OP_MAP) gpuvaMap(vm, gpuvaAlloc(vm), op.map);
  else if (op.op === DRM_GPUVA_OP_REMAP) {
    const { prev, next, unmap } = op.remap;
    const before = prev === null ? 0 : gpuvaAlloc(vm);
    const behind = next === null ? 0 : gpuvaAlloc(vm);
    const old = unmap.va;
    gpuvaRemap(vm, before, behind, op.remap);
    gpuvaFree(vm, old);
  } else {
    gpuvaUnmap(vm, op.unmap);
    gpuvaFree(vm, op.unmap.va);
  }
}
