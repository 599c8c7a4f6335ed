import { type Counted, DrmGemObject, DrmGpuvm, type GpuvmOps, type Holder, Lock } from "@gpuvm/core";
import { VmRecord } from "@gpuvm/drm-model";
import type { PvrDevice } from "../device.ts";
import type { PvrFwObject } from "../gem/pvr-fw-object.ts";
import type { PvrMmuContext } from "../mmu/context.ts";
import { ADDRESS_SPACE } from "./heaps.ts";

/**
 * An address space (`struct pvr_vm_context`). It has two counts: the driver's says when its mappings are torn down, the
 * core's when its memory can go (vm_bos hold that one too).
 *
 * # Invariants
 * When `refs` gets to 0 every mapping is taken away, and then the creator's reference on the core's VM is put.
 */
export class PvrVmContext implements Counted {
  readonly pvr: PvrDevice;
  readonly vm: DrmGpuvm;
  readonly pt: PvrMmuContext;
  readonly record: VmRecord;
  /** `vm_ctx->lock`. */
  readonly lock: Lock;
  /** For programs, and not for the firmware. */
  readonly user: boolean;
  /** `vm_ctx#2`, for findings. */
  readonly name: string;
  /** The driver's count (`ref_count`). */
  refs = 1;
  /** What the firmware knows of it (`fw_mem_ctx_obj`); the firmware's own has none. */
  fwMemCtx: PvrFwObject | null;

  /** A VM with one driver reference of `holder`. */
  constructor(pvr: PvrDevice, made: PvrVmContextParts, file: number, id: number | null, holder: Holder) {
    const { machine, dev } = pvr;
    this.pvr = pvr;
    this.user = file >= 0;
    this.name = made.name;
    this.pt = made.mmu;
    this.fwMemCtx = made.fwMemCtx;
    // Embedded in the struct (`dummy_gem`): it goes with it.
    const dummy = new DrmGemObject(dev, { size: 0, name: `resv object #${dev.serial()}` });
    const ops: GpuvmOps = {
      ...made.steps,
      vmFree: () => {
        this.#free(dummy);
      },
    };
    this.vm = new DrmGpuvm(dev, {
      name: this.user ? "PowerVR-user-VM" : "PowerVR-FW-VM",
      rObj: dummy,
      start: 0,
      range: ADDRESS_SPACE,
      ops,
      boOwnership: pvr.boOwnership,
    });
    this.record = new VmRecord(file, id, this.vm, this.pt, this.user ? "program" : "kernel");
    machine.vms.push(this.record);
    this.lock = new Lock(`lock of ${this.vm.name}`, "pvr_vm_context.lock", dev.lockdep);
    dev.ledger?.get(this, holder);
  }

  /** Takes a reference of the driver's (`pvr_vm_context_get`). */
  get(holder: Holder): this {
    this.refs++;
    this.pvr.dev.ledger?.get(this, holder);
    return this;
  }

  #free(dummy: DrmGemObject): void {
    const { vas } = this.vm;
    if (vas.live > 0) {
      this.pvr.machine.hazard("leak", this.vm.name, `${vas.live} unlinked VAs were never freed`);
    }
    dummy.put("creator");
    this.record.freed = true;
  }
}

/** What a VM context is made of, before it is one. */
export interface PvrVmContextParts {
  readonly name: string;
  readonly mmu: PvrMmuContext;
  /** The callbacks of split and merge. */
  readonly steps: GpuvmOps;
  readonly fwMemCtx: PvrFwObject | null;
}
