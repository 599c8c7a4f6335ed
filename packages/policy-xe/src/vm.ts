import {
  type DmaFence,
  DRM_GPUVM_RESV_PROTECTED,
  type DrmDevice,
  type DrmGemObject,
  DrmGpuvm,
  EINVAL,
  ENOMEM,
  type Errno,
  gpuvmResvObjectAlloc,
  Lock,
  type Steps,
} from "@gpuvm/core";
import {
  BindQueue,
  GIB1,
  GIB512,
  KIB4,
  KIB64,
  MIB2,
  PageTable,
  type PageTableShape,
  preempt,
  type VmCreate,
  VmRecord,
} from "@gpuvm/drm-model";
import type { Xe } from "./device.ts";
import { VA_SIZE, VM_FAULT_MODE, VM_FLAGS, VM_LR_MODE, VM_NO_OVERCOMMIT } from "./flags.ts";
import type { PreemptState } from "./preempt.ts";
import { gpuvmValidateHook } from "./rebind.ts";
import type { XeVma } from "./vma.ts";
import type { XeFile } from "./xe-file.ts";

/** Entry sizes that user mappings get, and the three levels of tables below the root (48 bits). */
export const XE_PAGE_TABLE: PageTableShape = {
  pageSizes: [GIB1, MIB2, KIB64, KIB4],
  tableSpans: [MIB2, GIB1, GIB512],
  tlb: true,
};

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
  readonly pt: PageTable;
  /** What is counted. */
  readonly record: VmRecord;
  /** `vm->lock`: a rwsem, taken for reading by EXEC; here one owner at a time. */
  readonly lock: Lock;
  /** `DRM_XE_VM_CREATE_FLAG_*`. */
  readonly flags: number;
  /** The file that made it; counted until the VM is freed. */
  readonly file: XeFile;
  /** Bytes of the address space; 0 once closed (`vm->size`). */
  size: number = VA_SIZE;
  /** The VM's own bind queue (`vm->q`). */
  readonly q: BindQueue;
  /** TLB invalidation jobs (`vm->q->tlb_inval`). */
  readonly tlb: BindQueue;
  /** VMAs by the number of their VA. */
  readonly vmas: (XeVma | undefined)[] = [];
  /** VMAs whose entries are to be written again (`vm->rebind_list`). */
  readonly rebindList: Set<XeVma> = new Set();
  /** Page-table updates in flight, by range (`vm->rftree`). */
  ranges: { start: number; end: number; fence: DmaFence; rebind: boolean }[] = [];
  /** The page tables were given back. */
  tablesFreed = false;
  /** Queues that are preempted instead of waited for; null: the VM is not in that mode. */
  preempt: PreemptState | null = null;

  /** A VM with one reference, of the creator. `rObj` is put by the caller. */
  constructor(xe: Xe, file: XeFile, id: number, flags: number, rObj: DrmGemObject) {
    const { machine } = xe;
    this.xe = xe;
    this.flags = flags;
    this.file = file;
    this.pt = new PageTable(machine, XE_PAGE_TABLE);
    this.gpuvm = new DrmGpuvm(machine.dev, {
      name: "Xe DRM GPUVM",
      flags: DRM_GPUVM_RESV_PROTECTED,
      rObj,
      start: 0,
      range: VA_SIZE,
      boOwnership: xe.boOwnership,
      ops: {
        vmBoValidate: gpuvmValidateHook(this),
        // `xe_vm_free`: what is left to do may sleep.
        vmFree: () => machine.queueWork("xe vm_destroy_work", () => this.#destroyWork()),
      },
    });
    this.record = new VmRecord(file.id, id, this.gpuvm, this.pt);
    this.record.lazy = this.faultMode;
    this.record.keepsEntries = !this.faultMode;
    this.lock = new Lock(`lock of ${this.gpuvm.name}`, "xe vm->lock", machine.dev.lockdep);
    this.q = new BindQueue(machine, "xe bind");
    this.tlb = new BindQueue(machine, "xe tlb inval");
    file.kref.get(this.gpuvm);
    machine.vms.push(this.record);
    xe.vms.set(this.gpuvm, this);
  }

  /** Page faults make entries valid (`xe_vm_in_fault_mode`). */
  get faultMode(): boolean {
    return (this.flags & VM_FAULT_MODE) !== 0;
  }

  /** Work runs as long as it likes (`xe_vm_in_lr_mode`). */
  get lrMode(): boolean {
    return (this.flags & VM_LR_MODE) !== 0;
  }

  /** Long-running without page faults: evictions preempt (`xe_vm_in_preempt_fence_mode`). */
  get preemptMode(): boolean {
    return this.lrMode && !this.faultMode;
  }

  /** `vm_destroy_work_func`. */
  *#destroyWork(): Steps<void> {
    this.record.freed = true;
    this.file.kref.put(this.gpuvm);
  }
}

/** `xe_vm_create_ioctl`. The id is published last: from then on another thread may destroy the VM. */
export function* vmCreate(xe: Xe, file: XeFile, req: VmCreate): Steps<Errno> {
  const { dev } = xe.machine;
  const flags = req.flags ?? 0;
  if ((flags & ~VM_FLAGS) !== 0) return -EINVAL;
  if ((flags & VM_FAULT_MODE) !== 0 && (flags & VM_LR_MODE) === 0) return -EINVAL;
  if ((flags & VM_NO_OVERCOMMIT) !== 0 && (flags & VM_FAULT_MODE) === 0) return -EINVAL;
  if (file.vms.has(req.vm)) return -EINVAL;
  yield* preempt(dev, "alloc", "xe_vm_create");
  if (!dev.mayAlloc("xe vm")) return -ENOMEM;
  const rObj = gpuvmResvObjectAlloc(dev);
  if (rObj === null) return -ENOMEM;
  const vm = new XeVm(xe, file, req.vm, flags, rObj);
  rObj.put("creator");
  if (vm.preemptMode) vm.preempt = { queues: new Map(), pending: false };
  if (xe.defects.has("X1")) {
    // Before the fix the id was public while the creator still worked on the VM, without a reference of its own.
    publishVm(dev, file, req.vm, vm);
    yield* preempt(dev, "publish", "xe_vm_create_ioctl");
    vm.gpuvm.get("ioctl");
    vm.gpuvm.put("ioctl");
    return 0;
  }
  yield* preempt(dev, "publish", "xe_vm_create_ioctl");
  publishVm(dev, file, req.vm, vm);
  return 0;
}

function publishVm(dev: DrmDevice, file: XeFile, id: number, vm: XeVm): void {
  dev.ledger?.move(vm.gpuvm, "creator", file);
  file.vms.set(id, vm);
}
