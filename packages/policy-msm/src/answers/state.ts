import { hex, vmBoState } from "@gpuvm/conformance";
import {
  type DmaResv,
  type DrmGpuvm,
  type DrmGpuvmBo,
  gemVmBos,
  gpuvaObj,
  gpuvmForEachVa,
  type List,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import { msmOf } from "../drv/device.ts";
import type { MsmBo } from "../gem/bo.ts";
import type { MsmRing } from "../gpu/ring.ts";
import { type MsmGemVm, VMA_MAPPED } from "../vma/vm.ts";
import { type Names, unmapped } from "./recorder.ts";

/** What an object is now, as the answers have it. */
export function boState(id: number, bo: MsmBo, names: Names): Record<string, unknown> {
  const { lru } = msmOf(bo);
  const { list } = bo.onLru;
  const on = Object.entries(lru).find(([, other]) => other === list);
  return {
    bo: id,
    kref: kref(bo),
    handles: bo.handles + bo.framebuffers,
    vm_bos: gemVmBos(bo)
      .toArray()
      .map((vmBo) => vmBoState(vmBo, names.vm(vmBo.vm))),
    vmaRef: bo.vmaRef,
    pins: bo.pins,
    vmaps: bo.vmaps,
    madv: ["willneed", "dontneed", "purged"].indexOf(bo.madv),
    pages: bo.pages === "resident" ? 1 : 0,
    lru: on?.[0] ?? (list === null && bo.refs > 0 ? "pinned" : "none"),
    dmabuf: bo.dmaBuf?.refs ?? 0,
    fences: fences(bo.resv),
  };
}

/** The kernel counts one reference for all handles and framebuffers together, the model one for each handle. */
export function kref({ refs, handles, framebuffers }: MsmBo): number {
  return refs - handles + (handles + framebuffers > 0 ? 1 : 0);
}

/** What a VM is now; `deferred` is nothing: msm has no deferred cleanup. */
export function vmState(id: number, vm: MsmGemVm, names: Names): Record<string, unknown> {
  return {
    ...treeState(id, vm, names),
    unusable: vm.unusable ? 1 : 0,
    inFlightPt: vm.preallocInFlight,
    lastFence: vm.lastFence === null ? -1 : vm.lastFence.some(({ signaled }) => !signaled) ? 1 : 0,
    fences: fences(vm.resv),
  };
}

/** The part of a VM's state that VM_BIND alone has. */
export function treeState(id: number, vm: MsmGemVm, names: Names): Record<string, unknown> {
  return {
    vm: id,
    kref: vm.refs,
    vas: treeOf(vm, names),
    extobj: bosOf(vm.extobj.list, names),
    evict: bosOf(vm.evict.list, names),
    deferred: 0,
  };
}

function treeOf(vm: DrmGpuvm, names: Names): unknown[] {
  const { vas } = vm;
  const rows: unknown[] = [];
  gpuvmForEachVa(vm, (va) => {
    const bo = gpuvaObj(vm, va) as MsmBo | null;
    const id = bo === null ? 0 : (names.bo(bo) ?? -1000);
    const mapped = (vas.flags(va) & VMA_MAPPED) !== 0 ? 1 : 0;
    rows.push([hex(vas.addr(va)), hex(vas.range(va)), id, hex(vas.offset(va)), mapped]);
  });
  return rows;
}

function bosOf(list: List<DrmGpuvmBo>, names: Names): number[] {
  return list.toArray().flatMap(({ obj }) => names.bo(obj as MsmBo) ?? []);
}

/** Fences that have not signalled, by usage: kernel, write, read, bookkeeping. */
function fences(resv: DmaResv): number[] {
  const counts = [0, 0, 0, 0];
  for (const { usage } of resv.pending()) counts[Math.min(usage, USAGE_BOOKKEEP)] = (counts[usage] ?? 0) + 1;
  return counts;
}

/** The submits of a device: how many ran, and those that are written and not done. */
export function ringState(rings: readonly MsmRing[], names: Names): Record<string, unknown> {
  return {
    executed: rings.reduce((sum, { executed }) => sum + executed, 0),
    emptied: rings.reduce((sum, { emptied }) => sum + emptied, 0),
    inFlight: rings.flatMap(({ inFlight }) =>
      inFlight.map(({ seqno, work }) => ({
        seq: seqno,
        file: names.slot(work.file),
        unmapped: unmapped(work, names),
      })),
    ),
  };
}
