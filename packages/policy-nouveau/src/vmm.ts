import { DrmGpuvm, gpuvmResvObjectAlloc, Lock } from "@gpuvm/core";
import { IovaSpace, PageTable, VmRecord } from "@gpuvm/drm-model";
import type { NvDevice } from "./device.ts";
import { SHAPE } from "./page-size.ts";

/** Address bits of a client's VMM. */
const BITS = 40;

/**
 * Addresses that the kernel chooses (`struct nouveau_vmm`): all of a client's, or the part of a user-managed space that
 * is kept for the kernel.
 */
export interface NvVmm {
  /** Page tables. */
  readonly pt: PageTable;
  /** Free addresses. */
  readonly space: IovaSpace;
  /** Protects them (`nvkm_vmm.mutex`). */
  readonly lock: Lock;
  /** The tree, where there is one: see {@link createClientVmm}. */
  readonly tree: VmRecord | null;
}

/**
 * A client's own VMM (`cli->vmm`). nvkm keeps it in a tree of its own; here it is a core VM, whose vm_bos stand for the
 * objects' `vma_list` and count nothing.
 */
export function createClientVmm(nv: NvDevice, file: number): NvVmm {
  const { machine, dev } = nv;
  const rObj = gpuvmResvObjectAlloc(dev);
  if (rObj === null) throw new Error("the resv object of a VMM of nvkm's is not the kernel's to allocate");
  let record: VmRecord | null = null;
  const vm = new DrmGpuvm(dev, {
    name: "nouveau client",
    rObj,
    start: 0,
    range: 2 ** BITS,
    boOwnership: nv.clientOwnership,
    ops: {
      vmFree: () => {
        if (record !== null) record.freed = true;
      },
    },
  });
  rObj.put("creator");
  const pt = new PageTable(machine, SHAPE);
  record = new VmRecord(file, null, vm, pt);
  // A mapping that no handle wants goes in a worker, when its last work is done.
  record.late = true;
  machine.vms.push(record);
  return {
    pt,
    space: new IovaSpace(4096, 2 ** BITS - 4096),
    lock: new Lock(`mutex of ${vm.name}`, "nvkm_vmm.mutex", dev.lockdep),
    tree: record,
  };
}
