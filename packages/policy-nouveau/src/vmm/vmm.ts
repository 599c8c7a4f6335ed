import { DrmGemObject, DrmGpuvm, Lock } from "@gpuvm/core";
import { VmRecord } from "@gpuvm/drm-model";
import type { NvDevice } from "../device.ts";
import { Space } from "../mmu/space.ts";
import { Vmm } from "../mmu/vmm.ts";

/** Where the addresses of a client's VMM begin. */
const START = 4096;

/**
 * Addresses that the kernel chooses (`struct nouveau_vmm`): all of a client's, or the part of a user-managed space that
 * is kept for the kernel.
 */
export class NvVmm {
  readonly nv: NvDevice;
  readonly file: number;
  /** Page tables. */
  readonly mmu: Vmm;
  /** Free addresses. */
  readonly space: Space;
  /** Protects them (`nvkm_vmm.mutex`). */
  readonly lock: Lock;
  /** It is a part of a VM that the program manages, and has no tree of its own. */
  readonly part: boolean;
  /** The tree, once something is mapped. */
  tree: VmRecord | null = null;

  /** A client's own; or a part of a VM that the program manages. */
  constructor(nv: NvDevice, file: number, part: { mmu: Vmm; addr: number; size: number } | null = null) {
    const { hardware } = nv;
    this.nv = nv;
    this.file = file;
    this.part = part !== null;
    this.mmu = part?.mmu ?? new Vmm(nv.machine, hardware, `VMM of file ${file}`, false, nv.tell);
    this.space =
      part === null ? new Space(START, 2 ** hardware.bits - START) : new Space(part.addr, part.size);
    this.lock = new Lock(`mutex of ${this.mmu.name}`, "nvkm_vmm.mutex", nv.dev.lockdep);
  }

  /**
   * The tree of a client's own VMM, made when it is first asked for. nvkm keeps its own; here it is a core VM, whose
   * vm_bos stand for the objects' `vma_list` and count nothing. Null for a part.
   */
  ownTree(): VmRecord | null {
    if (this.part) return null;
    this.tree ??= this.#createTree();
    return this.tree;
  }

  #createTree(): VmRecord {
    const { machine, dev, clientOwnership, hardware } = this.nv;
    // The core's VMs have one, nvkm's do not: no failure is injected into what the kernel does not allocate.
    const rObj = new DrmGemObject(dev, { size: 0, name: `resv object #${dev.serial()}` });
    const vm = new DrmGpuvm(dev, {
      name: "nouveau client",
      rObj,
      start: 0,
      range: 2 ** hardware.bits,
      boOwnership: clientOwnership,
      ops: {
        vmFree: () => {
          record.freed = true;
        },
      },
    });
    rObj.put("creator");
    const record = new VmRecord(this.file, null, vm, this.mmu.view);
    // A mapping that no handle wants goes in a worker, when its last work is done.
    record.late = true;
    machine.vms.push(record);
    return record;
  }

  /** The client goes (`nouveau_vmm_fini`). */
  fini(): void {
    this.mmu.fini();
    this.tree?.vm.put("creator");
  }
}
