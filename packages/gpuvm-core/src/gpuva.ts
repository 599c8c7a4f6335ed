import { EEXIST, EINVAL, type Errno } from "./errno.ts";
import { GpuvmError, type GpuvmErrorCode } from "./error.ts";
import type { DrmGemObject } from "./gem.ts";
import type { DrmGpuvm, DrmGpuvmBo } from "./gpuvm.ts";
import { assertGemListLocked, boDestroyOnUnlink, gpuvmBoGet } from "./gpuvm-bo.ts";
import type { ExactMapping, OpMap, OpRemap, OpUnmap } from "./op.ts";
import { gpuvmRangeValid } from "./range.ts";
import { toBig, type U64 } from "./u64.ts";
import type { Gpuva } from "./va.ts";
import { VA_INSERTED } from "./va-table.ts";

/** A new VA that maps nothing; drivers allocate VAs, the core never does. */
export function gpuvaAlloc(vm: DrmGpuvm): Gpuva {
  return vm.vas.alloc();
}

/**
 * Frees a VA that is neither in the tree nor linked.
 *
 * @throws GpuvmError `USE_AFTER_FREE` if it still is, or was freed before.
 */
export function gpuvaFree(vm: DrmGpuvm, va: Gpuva): void {
  if (!vm.vas.free(va)) throw freedTooSoon(vm, va);
  if (vm.exact !== null) vm.exact.forget(va);
}

function freedTooSoon(vm: DrmGpuvm, va: Gpuva): GpuvmError {
  const { vas } = vm;
  const inTree = vas.is(va, VA_INSERTED) ? "while it is in the tree" : "while it is linked";
  return misuse(vm, va, "USE_AFTER_FREE", `is freed ${vas.allocated(va) ? inTree : "twice"}`);
}

/** What the caller did to a VA; apart from the functions that find it, which stay small enough to be inlined. */
function misuse(vm: DrmGpuvm, va: Gpuva, code: GpuvmErrorCode, what: string, other = ""): GpuvmError {
  const name = vaName(vm, va);
  return new GpuvmError(code, `${name} ${what}`, other === "" ? [name] : [name, other]);
}

/** What a VA maps, before its insertion (`drm_gpuva_init`). The object is not counted. */
export function gpuvaInit(
  vm: DrmGpuvm,
  va: Gpuva,
  addr: U64,
  range: U64,
  obj: DrmGemObject | null,
  offset: U64,
): void {
  const a = vm.num(addr);
  const r = vm.num(range);
  const f = vm.num(offset);
  vm.vas.set(va, a, r, f, obj === null ? 0 : obj.slot);
  if (vm.exact !== null) vm.exact.note({ va, addr: toBig(addr), range: toBig(range), offset: toBig(offset) });
}

/** As {@link gpuvaInit}, from an operation: address, range, object and offset only, no flags (`drm_gpuva_init_from_op`). */
export function gpuvaInitFromOp(vm: DrmGpuvm, va: Gpuva, op: OpMap): void {
  const { obj } = op;
  vm.vas.set(va, op.addr, op.range, op.offset, obj === null ? 0 : obj.slot);
  if (vm.exact !== null) vm.exact.note({ va, ...opMapExact(op) });
}

/** The exact numbers of an operation's mapping, in every VM. */
export function opMapExact(op: OpMap): ExactMapping {
  return op.exact ?? { addr: BigInt(op.addr), range: BigInt(op.range), offset: BigInt(op.offset) };
}

/** The exact numbers of a VA, in every VM. */
export function gpuvaExact(vm: DrmGpuvm, va: Gpuva): ExactMapping {
  const { vas } = vm;
  return (
    vm.exact?.get(va) ?? {
      addr: BigInt(vas.addr(va)),
      range: BigInt(vas.range(va)),
      offset: BigInt(vas.offset(va)),
    }
  );
}

/** The object a VA maps, or null (`va.gem.obj`). */
export function gpuvaObj(vm: DrmGpuvm, va: Gpuva): DrmGemObject | null {
  const owner = vm.vas.owner(va);
  if (owner === 0) return null;
  if (owner > 0) return (vm.dev.objects[owner] as DrmGemObject | null | undefined) ?? null;
  return vm.mislinked?.get(va) ?? (vm.bos[-owner] as DrmGpuvmBo).obj;
}

/** The vm_bo a VA is linked to, or null (`va.vm_bo`). */
export function gpuvaBo(vm: DrmGpuvm, va: Gpuva): DrmGpuvmBo | null {
  const owner = vm.vas.owner(va);
  return owner < 0 ? (vm.bos[-owner] as DrmGpuvmBo) : null;
}

/**
 * Puts a VA into the tree, and takes a VM reference for it (`drm_gpuva_insert`).
 *
 * @returns 0; -EINVAL if the range is not valid; -EEXIST if another VA or the kernel node overlaps
 */
export function gpuvaInsert(vm: DrmGpuvm, va: Gpuva): Errno {
  const { vas, index } = vm;
  const addr = vas.addr(va);
  const range = vas.range(va);
  // The index holds no empty rows.
  if (vm.exact !== null || range === 0) return insertExact(vm, va);
  if (!vm.rangeValidFast(addr, range)) return -EINVAL;
  index.key = addr;
  index.bound = addr + range;
  vas.setInserted(va);
  if (!index.insert(va)) {
    vas.clearInserted(va);
    return -EEXIST;
  }
  holdVm(vm, va);
  return 0;
}

/** A VA that is in the tree holds its VM. */
function holdVm(vm: DrmGpuvm, va: Gpuva): void {
  vm.refs++;
  if (vm.audited) vm.dev.ledger?.get(vm, vaName(vm, va));
}

function insertExact(vm: DrmGpuvm, va: Gpuva): Errno {
  const entry = { va, ...gpuvaExact(vm, va) };
  if (!gpuvmRangeValid(vm, entry.addr, entry.range)) return -EINVAL;
  if (vm.exact === null) vm.promote().note(entry);
  if (!vm.promote().insert(entry)) return -EEXIST;
  vm.vas.setInserted(va);
  holdVm(vm, va);
  return 0;
}

/**
 * Takes a VA out of the tree, and drops its VM reference, which may be the last (`drm_gpuva_remove`).
 *
 * @throws GpuvmError `BAD_CALL` if it is not in the tree (the kernel corrupts memory).
 */
export function gpuvaRemove(vm: DrmGpuvm, va: Gpuva): void {
  const { vas } = vm;
  if (va === vm.kernelNode) {
    vm.dev.warn("Can't destroy kernel reserved node.");
    return;
  }
  if (!vas.clearInserted(va)) throw misuse(vm, va, "BAD_CALL", "is removed, but is not in the tree");
  if (vm.exact !== null) vm.exact.remove(va);
  else vm.index.remove(va);
  if (vm.refs > 1 && !vm.audited) vm.refs--;
  else vm.put(vaName(vm, va));
}

/**
 * Puts a VA on its vm_bo's list, and takes a vm_bo reference for it (`drm_gpuva_link`). A VA without object is left
 * alone. Link after the insertion.
 */
export function gpuvaLink(vm: DrmGpuvm, va: Gpuva, vmBo: DrmGpuvmBo): void {
  const { vas } = vm;
  const owner = vas.owner(va);
  if (owner === 0) return;
  if (owner !== vmBo.obj.slot || vmBo.vm !== vm || vmBo.refs === 0 || vm.audited) linkChecked(vm, va, vmBo);
  else vmBo.refs++;
  vas.link(va, -vmBo.slot, vmBo);
}

/** The checks of a link, and its reference. */
function linkChecked(vm: DrmGpuvm, va: Gpuva, vmBo: DrmGpuvmBo): void {
  const owner = vm.vas.owner(va);
  if (owner < 0) throw misuse(vm, va, "BAD_CALL", "is linked twice");
  if (vmBo.vm !== vm) throw misuse(vm, va, "BAD_CALL", `is linked to ${vmBo.name}, of another VM`, vmBo.name);
  if (owner !== vmBo.obj.slot) {
    vm.dev.warn(`${vaName(vm, va)} is linked to the vm_bo of another object`);
    const obj = gpuvaObj(vm, va) as DrmGemObject;
    vm.mislinked ??= new Map();
    vm.mislinked.set(va, obj);
  }
  gpuvmBoGet(vmBo, vaName(vm, va));
  assertGemListLocked(vm, vmBo.obj, "drm_gpuva_link");
}

/**
 * Takes a VA off its vm_bo's list and drops its vm_bo reference: the last one destroys the vm_bo, so the lock demands
 * of `gpuvmBoPut` apply (`drm_gpuva_unlink`). A VA without object is left alone.
 *
 * @throws GpuvmError `NOT_LINKED` if it has an object but was not linked (the kernel crashes).
 */
export function gpuvaUnlink(vm: DrmGpuvm, va: Gpuva): void {
  const vmBo = detach(vm, va, "drm_gpuva_unlink");
  if (vmBo === null) return;
  if (vmBo.refs > 1 && !vm.audited) vmBo.refs--;
  else boDestroyOnUnlink(vmBo, vm.audited ? vaName(vm, va) : "");
}

/** Takes a VA off its vm_bo's list; the VA's reference is the caller's to drop. Null: no object. @internal */
export function detach(vm: DrmGpuvm, va: Gpuva, where: string): DrmGpuvmBo | null {
  const { vas } = vm;
  const owner = vas.owner(va);
  if (owner === 0) return null;
  if (owner > 0) throw misuse(vm, va, "NOT_LINKED", `has an object but was never linked (${where})`);
  const vmBo = vm.bos[-owner] as DrmGpuvmBo;
  if (vm.audited) assertGemListLocked(vm, vmBo.obj, where);
  const obj = vm.mislinked === null ? vmBo.obj : (takeMislinked(vm, va) ?? vmBo.obj);
  vas.unlink(va, obj.slot, vmBo);
  return vmBo;
}

function takeMislinked(vm: DrmGpuvm, va: Gpuva): DrmGemObject | undefined {
  const obj = vm.mislinked?.get(va);
  vm.mislinked?.delete(va);
  return obj;
}

/** Initialises `va` from a map operation and inserts it; an error of the insert is swallowed (`drm_gpuva_map`). */
export function gpuvaMap(vm: DrmGpuvm, va: Gpuva, op: OpMap): void {
  mapRow(vm, va, op);
}

/** {@link gpuvaInitFromOp} and {@link gpuvaInsert} in one: with what they share in a function, a split took 1.02 to 1.08 of the time. */
function mapRow(vm: DrmGpuvm, va: Gpuva, op: OpMap): void {
  const { vas, index } = vm;
  const { addr, range, obj } = op;
  vas.set(va, addr, range, op.offset, obj === null ? 0 : obj.slot);
  if (vm.exact !== null || range === 0) {
    if (vm.exact !== null) vm.exact.note({ va, ...opMapExact(op) });
    insertExact(vm, va);
    return;
  }
  if (!vm.rangeValidFast(addr, range)) return;
  index.key = addr;
  index.bound = addr + range;
  vas.setInserted(va);
  if (!index.insert(va)) {
    vas.clearInserted(va);
    return;
  }
  holdVm(vm, va);
}

/**
 * Removes the VA that a remap cuts and inserts the pieces that are there (`drm_gpuva_remap`). Give a VA for each piece
 * that the operation has.
 */
export function gpuvaRemap(vm: DrmGpuvm, prev: Gpuva, next: Gpuva, op: OpRemap): void {
  const { va } = op.unmap;
  const first = op.prev;
  if (first !== null && isStart(vm, va, first)) {
    const { vas } = vm;
    vas.set(prev, first.addr, first.range, first.offset, first.obj === null ? 0 : first.obj.slot);
    vm.index.replace(va, prev);
    vas.clearInserted(va);
    vas.setInserted(prev);
  } else {
    gpuvaRemove(vm, va);
    if (first !== null) mapRow(vm, prev, first);
  }
  if (op.next !== null) mapRow(vm, next, op.next);
}

/**
 * Whether the first piece of a remap can take the place of the VA that is cut, where a removal and an insert would come to
 * the same: it is the start of it, and nobody counts the references that the one drops and the other takes.
 */
function isStart(vm: DrmGpuvm, va: Gpuva, { addr, range }: OpMap): boolean {
  const { vas } = vm;
  if (vm.exact !== null || vm.audited || vm.refs < 2 || va === vm.kernelNode || !vas.inserted(va))
    return false;
  return addr === vas.addr(va) && range > 0 && range <= vas.range(va);
}

/** Removes the VA of an unmap operation (`drm_gpuva_unmap`). */
export function gpuvaUnmap(vm: DrmGpuvm, op: OpUnmap): void {
  gpuvaRemove(vm, op.va);
}

/** `va#7 of vm#2`, for findings. */
export function vaName(vm: DrmGpuvm, va: Gpuva): string {
  return `va#${va} of ${vm.name}`;
}
