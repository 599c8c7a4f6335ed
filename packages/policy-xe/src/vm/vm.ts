import {
  type DmaFence,
  DRM_GPUVM_RESV_PROTECTED,
  type DrmGemObject,
  DrmGpuvm,
  type DrmGpuvmBo,
  type Errno,
  type Gpuva,
  Lock,
  type Steps,
  vaName,
} from "@gpuvm/core";
import { VmRecord } from "@gpuvm/drm-model";
import type { BindExecQueue } from "../bind/bind-exec-queue.ts";
import type { Xe } from "../device.ts";
import { VM_FAULT_MODE, VM_LR_MODE, VM_NO_OVERCOMMIT, VM_SCRATCH_PAGE } from "../flags.ts";
import type { XeBo } from "../memory/bo.ts";
import { BulkMove, type Place } from "../memory/lru.ts";
import type { TtmBo } from "../memory/ttm.ts";
import type { RunningQueue } from "../preempt/preempt-fence.ts";
import { XePageTables } from "../pt/page-tables.ts";
import type { XeUserFence } from "../sync/user-fence.ts";
import type { UserptrLists, XeUserptr } from "../userptr/userptr.ts";
import type { Xef } from "../xef.ts";

/** The queues of a VM that are preempted when something has to move (`vm->preempt`). */
export interface PreemptState {
  /** The last one first (`preempt.exec_queues`). */
  queues: RunningQueue[];
  /** The rebind worker is queued. */
  pending: boolean;
  /** Nothing ran when the worker looked: the next EXEC wakes it (`rebind_deactivated`). */
  deactivated: boolean;
}

/** An update of page tables that is in flight. */
export interface TableUpdate {
  /** First address. */
  readonly start: number;
  /** Last address. */
  readonly last: number;
  /** The entries are written, and the TLB has forgotten old ones. */
  readonly fence: DmaFence;
  /** Of what moved. */
  readonly rebind: boolean;
}

/**
 * An address space (`struct xe_vm`); a file has any number of them.
 *
 * # Invariants
 * `lock` protects the tree, `vmas` and the rebind list. `size` is 0 from the close on. The count is the gpuvm's alone:
 * held by the file's table, by queues, by vm_bos, by VMAs without object, and by private BOs.
 */
export class XeVm {
  /** The tree. */
  readonly gpuvm: DrmGpuvm;
  /** The device. */
  readonly xe: Xe;
  /** What the GPU sees. */
  readonly pt: XePageTables;
  /** What is counted. */
  readonly record: VmRecord;
  /** `vm->lock`: a rwsem, taken for reading by EXEC; here one owner at a time. */
  readonly lock: Lock;
  /** `DRM_XE_VM_CREATE_FLAG_*`. */
  readonly flags: number;
  /** Unmapped addresses lead to a page of zeros (`xe_vm_has_scratch`). */
  readonly hasScratch: boolean;
  /** Page faults make entries valid (`xe_vm_in_fault_mode`). */
  readonly faultMode: boolean;
  /** Work runs as long as it likes (`xe_vm_in_lr_mode`). */
  readonly lrMode: boolean;
  /** The file that made it; counted until the VM is freed. */
  readonly file: Xef;
  /** Bytes of the address space; 0 once closed (`vm->size`). */
  size: number;
  /** The VM's own bind queue; counted until the close (`vm->q`). */
  q: BindExecQueue | null = null;
  /** Its number for the GPU, if that can fault; 0: none (`usm.asid`). */
  asid = 0;
  /** What the last page fault was about, for the next one (`usm.last_fault_vma`). */
  lastFaultVma: XeVma | null = null;
  /** It takes no more work: something failed that can't be undone (`XE_VM_FLAG_BANNED`). */
  banned = false;
  /** Counts what makes the ring flush the TLB ahead of the next batch (`vm->tlb_flush_seqno`). */
  tlbFlushSeqno = 0;
  /** Its private objects, which move together in the lists of what is evicted first (`vm->lru_bulk_move`). */
  readonly bulk: Readonly<Record<Place, BulkMove<TtmBo>>> = {
    system: new BulkMove(),
    tt: new BulkMove(),
    vram: new BulkMove(),
  };
  /** VMAs by the number of their VA. */
  readonly vmas: (XeVma | undefined)[] = [];
  /** VMAs whose entries are to be written again (`vm->rebind_list`). */
  readonly rebindList: Set<XeVma> = new Set();
  /** Protects what is known of the program's own memory (`svm.gpusvm.notifier_lock`): a rwsem; here one owner at a time. */
  readonly notifierLock: Lock;
  /** Mappings of the program's own memory that has changed; null: there was never any (`vm->userptr`). */
  userptr: UserptrLists<XeVma> | null = null;
  /** Page-table updates in flight, by range (`vm->rftree`). */
  ranges: TableUpdate[] = [];
  /** Queues that are preempted instead of waited for; null: the VM is not in that mode. */
  preempt: PreemptState | null = null;

  /**
   * A VM with one reference, of the creator. `rObj` is put by the caller; `validate` brings objects back that have moved
   * (`vm_bo_validate`).
   */
  constructor(
    xe: Xe,
    file: Xef,
    id: number,
    flags: number,
    rObj: DrmGemObject,
    validate: (vm: XeVm, vmBo: DrmGpuvmBo) => Steps<Errno>,
  ) {
    const { machine } = xe;
    this.xe = xe;
    this.flags = flags;
    this.hasScratch = (flags & VM_SCRATCH_PAGE) !== 0;
    this.faultMode = (flags & VM_FAULT_MODE) !== 0;
    this.lrMode = (flags & VM_LR_MODE) !== 0;
    this.file = file;
    this.size = xe.platform.vaSize;
    this.pt = new XePageTables(xe);
    this.gpuvm = new DrmGpuvm(machine.dev, {
      name: "Xe DRM GPUVM",
      flags: DRM_GPUVM_RESV_PROTECTED,
      rObj,
      start: 0,
      range: xe.platform.vaSize,
      boOwnership: xe.boOwnership,
      ops: {
        vmBoValidate: (vmBo) => validate(this, vmBo),
        // `xe_vm_free`: what is left to do may sleep.
        vmFree: () => machine.queueWork("xe vm_destroy_work", () => this.#destroyWork()),
      },
    });
    this.record = new VmRecord(file.id, id, this.gpuvm, this.pt);
    this.record.lazy = this.faultMode;
    this.record.keepsEntries = !this.faultMode;
    // No bind waits until its entries are written, and no TLB has old ones.
    this.record.late = true;
    this.record.absent = (va) => {
      const vma = this.vmas[va];
      if (vma === undefined) return false;
      return vma.bo?.madv === "purged" || (vma.userptr !== null && vma.tileInvalidated !== 0);
    };
    this.pt.always = this.faultMode;
    this.lock = new Lock(`lock of ${this.gpuvm.name}`, "xe vm->lock", machine.dev.lockdep);
    const { name } = this.gpuvm;
    this.notifierLock = new Lock(`notifier lock of ${name}`, "xe notifier_lock", machine.dev.lockdep);
    if (this.preemptMode) this.preempt = { queues: [], pending: false, deactivated: false };
    file.kref.get(this.gpuvm);
    machine.vms.push(this.record);
    xe.vms.set(this.gpuvm, this);
  }

  /** Every batch flushes the TLB before it: scratch may be in it (`vm->batch_invalidate_tlb`). */
  get batchInvalidateTlb(): boolean {
    return this.hasScratch && !this.lrMode;
  }

  /** `xe_vm_is_closed_or_banned`. */
  get closedOrBanned(): boolean {
    return this.size === 0 || this.banned;
  }

  /** Its own objects may be evicted for others of its own (`xe_vm_allow_vm_eviction`): not under work that runs on. */
  get allowsVmEviction(): boolean {
    return !this.lrMode || (this.faultMode && (this.flags & VM_NO_OVERCOMMIT) === 0);
  }

  /** Long-running without page faults: evictions preempt (`xe_vm_in_preempt_fence_mode`). */
  get preemptMode(): boolean {
    return this.lrMode && !this.faultMode;
  }

  /** A name for a holder of a reference, where names are kept. */
  holder(what: string): string {
    const { dev } = this.gpuvm;
    return dev.ledger === null ? "" : `${what}#${dev.serial()}`;
  }

  /** `vm_destroy_work_func`. */
  *#destroyWork(): Steps<void> {
    this.record.freed = true;
    this.file.kref.put(this.gpuvm);
  }
}

/** `gpuvm_to_vm`. */
export function gpuvmToVm(xe: Xe, gpuvm: DrmGpuvm): XeVm | undefined {
  return xe.vms.get(gpuvm) as XeVm | undefined;
}

/** What a VMA maps: an object, null pages, or the program's own memory. */
export type VmaKind = "bo" | "null" | "userptr";

/** What a new piece inherits of the VMA that is cut (`vma->attr` and the create flags). */
export interface VmaAttributes {
  readonly kind: VmaKind;
  /** The contents are wanted. */
  readonly willneed: boolean;
  /** `DRM_XE_VM_BIND_FLAG_*`. */
  readonly flags: number;
}

/**
 * A mapping (`struct xe_vma`): a gpuva with a reference of its own. A VMA of an object holds the object; one without
 * holds the VM, which it has no vm_bo to do for it. Both until the fence of its unbind has signalled.
 */
export class XeVma {
  /** The VM. */
  readonly vm: XeVm;
  /** The gpuva. */
  readonly va: Gpuva;
  /** The object; counted. */
  readonly bo: XeBo | null;
  /** What it maps. */
  readonly kind: VmaKind;
  /** The program's own memory that it maps, from its creation on; null: it maps none. */
  userptr: XeUserptr | null = null;
  /** The contents are wanted (`attr.purgeable_state`). */
  willneed: boolean;
  /** `DRM_XE_VM_BIND_FLAG_*`. */
  readonly flags: number;
  /** Tiles with tables for it; a zap leaves them (`tile_present`). */
  tilePresent = 0;
  /** Tiles for which a bind is being prepared (`tile_staged`). */
  tileStaged = 0;
  /** Tiles on which its entries were cleared behind its back (`tile_invalidated`). */
  tileInvalidated = 0;
  /** Sizes of entries that it ever had (`XE_VMA_PTE_*`). */
  pteFlags = 0;
  /** Until it is written nobody cuts or unmaps it; counted. Null: the program did not ask for one (`vma->ufence`). */
  ufence: XeUserFence | null = null;
  /** To be unbound, or unbound (`XE_VMA_DESTROYED`). */
  destroyed = false;

  /** Made by {@link vmaCreate}. */
  constructor(vm: XeVm, va: Gpuva, bo: XeBo | null, attributes: VmaAttributes) {
    this.vm = vm;
    this.va = va;
    this.bo = bo;
    this.kind = attributes.kind;
    this.willneed = attributes.willneed;
    this.flags = attributes.flags;
  }

  /** `va#7 of vm#2`. */
  get name(): string {
    return vaName(this.vm.gpuvm, this.va);
  }

  /** First address. */
  get start(): number {
    return this.vm.gpuvm.vas.addr(this.va);
  }

  /** Address after the last. */
  get end(): number {
    return this.vm.gpuvm.vas.end(this.va);
  }

  /** Where in the object it begins; pieces of a mapping without object are all at 0. */
  get offset(): number {
    return this.vm.gpuvm.vas.offset(this.va);
  }

  /** External: its object has a dma_resv of its own. */
  get contested(): boolean {
    return this.bo !== null && this.bo.vm === null;
  }

  /** Sets address and range, in place (for a VMA that is out of the tree). */
  setRange(start: number, range: number): void {
    const { vas } = this.vm.gpuvm;
    vas.set(this.va, start, range, vas.offset(this.va), vas.owner(this.va));
  }
}
