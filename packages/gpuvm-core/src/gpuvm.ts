import { BlockIndex } from "./block-index.ts";
import type { DrmDevice } from "./device.ts";
import type { Errno } from "./errno.ts";
import { GpuvmError } from "./error.ts";
import { ExactSpace, type ExactVa } from "./exact-space.ts";
import type { DrmExec } from "./exec.ts";
import { DRM_GPUVM_IMMEDIATE_MODE, DRM_GPUVM_RESV_PROTECTED } from "./flags.ts";
import type { DrmGemObject } from "./gem.ts";
import type { Counted, Holder } from "./ledger.ts";
import { ListNode, WalkedList } from "./list.ts";
import type { GpuvaOpMap, GpuvaOpRemap, GpuvaOpSlot, GpuvaOpUnmap } from "./op.ts";
import { OpsPool } from "./ops.ts";
import type { DmaResv } from "./resv.ts";
import type { Steps } from "./steps.ts";
import { isPageGranular, isSmall, toBig, type U64 } from "./u64.ts";
import type { Gpuva } from "./va.ts";
import { VA_INSERTED, VaTable } from "./va-table.ts";

// Not imported, as isSmall is not: what is imported is loaded and checked again at each use in optimised code.
const SMALL: number = 2 ** 52;

/** Whether a vm_bo counts its BO. `soft` is the posted `DRM_GPUVM_VA_WEAK_REF`. */
export type BoOwnership = "hard" | "soft";

/** What a driver plugs into a VM (`struct drm_gpuvm_ops`). */
export interface GpuvmOps {
  /** The last reference went; without it the VM and its device reference leak, with a WARN. */
  vmFree?(vm: DrmGpuvm): void;
  /** Allocates an operation for a list; null: -ENOMEM. Default: pooled. */
  opAlloc?(): GpuvaOpSlot | null;
  /** Takes back what `opAlloc` gave. */
  opFree?(op: GpuvaOpSlot): void;
  /** Allocates a vm_bo; null: -ENOMEM. */
  vmBoAlloc?(vm: DrmGpuvm, obj: DrmGemObject): DrmGpuvmBo | null;
  /**
   * A vm_bo is gone. Its fields can still be read, until it returns. May take locks, as steps, where every put is a
   * deferred one.
   */
  vmBoFree?(vmBo: DrmGpuvmBo): undefined | Steps<void>;
  /** Makes the BO resident and its mappings valid; 0 or -errno. */
  vmBoValidate?(vmBo: DrmGpuvmBo, exec: DrmExec): Errno | Steps<Errno>;
  /** A mapping is to be made. Non-zero stops the walk. */
  smStepMap?(op: GpuvaOpMap, priv: unknown): Errno;
  /** A mapping is to be cut. Non-zero stops the walk. */
  smStepRemap?(op: GpuvaOpRemap, priv: unknown): Errno;
  /** A mapping is to be taken away. Non-zero stops the walk. */
  smStepUnmap?(op: GpuvaOpUnmap, priv: unknown): Errno;
}

/** Parameters of `drm_gpuvm_init`. */
export interface GpuvmOptions {
  /** Name in findings and dumps; default `unknown`. */
  readonly name?: string;
  /** `DRM_GPUVM_*`; default 0. */
  readonly flags?: number;
  /** The resv object: supplies the VM's shared dma_resv. The VM takes a reference of its own. */
  readonly rObj: DrmGemObject;
  /** Start of the managed space. */
  readonly start: U64;
  /** Length of the managed space. `start + range` past 2^64 only warns. */
  readonly range: U64;
  /** Start of the hole that is the kernel's. */
  readonly reserveOffset?: U64;
  /** Length of that hole; 0 (default): none. */
  readonly reserveRange?: U64;
  /** The driver's callbacks. */
  readonly ops: GpuvmOps;
  /** Whether vm_bos count their BO; default `hard`. */
  readonly boOwnership?: BoOwnership;
  /**
   * For soft ownership: the guards of the series' v5 (no extobj and evict tracking of weak vm_bos) or, as in v2 to
   * v4, none; default true.
   */
  readonly softGuards?: boolean;
}

/**
 * A GPU virtual address space (`struct drm_gpuvm`).
 *
 * # Invariants
 * `refs` is the creator's references, plus one for each inserted VA (but the kernel node), plus one for each vm_bo
 * that is not freed. The VM cannot go while a mapping is left: the driver must tear mappings down first.
 * No two VAs overlap. Every change of the tree is serialised by the driver.
 */
export class DrmGpuvm implements Counted {
  /** Name; null after the last put. */
  label: string | null;
  /** Unique on its device. */
  readonly id: number;
  /** `DRM_GPUVM_*`. */
  readonly flags: number;
  /** `drm_gpuvm_immediate_mode`. */
  readonly immediateMode: boolean;
  /** The device; counted. */
  readonly dev: DrmDevice;
  /** As the device's, which is asked at each step. @internal */
  readonly audited: boolean;
  /** Supplies the VM's dma_resv; counted. */
  readonly rObj: DrmGemObject;
  /** The driver's callbacks. */
  readonly ops: GpuvmOps;
  /** Whether vm_bos count their BO. */
  readonly boOwnership: BoOwnership;
  /** See {@link GpuvmOptions.softGuards}. */
  readonly softGuards: boolean;
  /** References (`kref`). */
  refs = 1;
  /** The kernel-reserved node, or 0 (`kernel_alloc_node`). It is in the tree, and in every walk of it. */
  kernelNode: Gpuva = 0;
  /** Start and length of the managed space, exact. */
  readonly space: { readonly start: bigint; readonly range: bigint };
  /** External vm_bos (`extobj.list`). */
  readonly extobj: WalkedList<DrmGpuvmBo> = new WalkedList();
  /** Evicted vm_bos (`evict.list`). */
  readonly evict: WalkedList<DrmGpuvmBo> = new WalkedList();
  /** Zombies, newest first (`bo_defer`). */
  deferred: DrmGpuvmBo | null = null;
  /** The mappings. */
  readonly vas: VaTable;
  /** vm_bos by slot; slot 0 is not used. */
  readonly bos: (DrmGpuvmBo | null)[] = [null];
  /** @internal */
  readonly freeSlots: number[] = [];
  /** The tree, while doubles hold the VM's numbers. */
  readonly index: BlockIndex;
  /** Set while doubles cannot hold the VM's numbers. @internal */
  exact: ExactSpace | null = null;
  /** The walk that callback mode and dry runs use, once there was one: `sm.ts` keeps it here. @internal */
  walk: object | null = null;
  /** @internal */
  readonly pool: OpsPool = new OpsPool();
  /** True: every number so far is at most 2^52. False: every one is a multiple of 4096. @internal */
  small: boolean;
  /** VAs whose object is not the object of the vm_bo they are linked to (a WARN, and a bug); null: none yet. @internal */
  mislinked: Map<Gpuva, DrmGemObject> | null = null;
  /** First address, as a double. */
  readonly mmStart: number = Number.NaN;
  /** Address behind the last, as a double. */
  readonly mmEnd: number = Number.NaN;
  /** @internal */
  readonly kStart: number = Number.NaN;
  /** @internal */
  readonly kEnd: number = Number.NaN;
  readonly #kernel: { readonly addr: bigint; readonly range: bigint };

  /** A VM with one reference (`drm_gpuvm_init`). */
  constructor(dev: DrmDevice, options: GpuvmOptions) {
    this.dev = dev;
    this.audited = dev.audited;
    this.vas = new VaTable(16, dev.firstVa());
    this.vas.quarantine = dev.quarantine;
    this.index = new BlockIndex(this.vas);
    this.id = dev.serial();
    this.label = options.name ?? "unknown";
    this.flags = options.flags ?? 0;
    this.immediateMode = (this.flags & DRM_GPUVM_IMMEDIATE_MODE) !== 0;
    this.rObj = options.rObj;
    this.ops = options.ops;
    this.boOwnership = options.boOwnership ?? "hard";
    this.softGuards = options.softGuards ?? true;
    dev.refs++;
    this.rObj.get(this);
    if (dev.ledger !== null) dev.ledger.get(this, "creator");
    this.space = { start: toBig(options.start), range: toBig(options.range) };
    this.#kernel = { addr: toBig(options.reserveOffset ?? 0), range: toBig(options.reserveRange ?? 0) };
    if (this.space.start + this.space.range >= 2n ** 64n) dev.warn("GPUVA address limited to 8 bytes.");
    const numbers = [this.space.start, this.space.range, this.#kernel.addr, this.#kernel.range].map(Number);
    this.small = numbers.every(isSmall);
    const end = BigInt.asUintN(64, this.space.start + this.space.range);
    this.mmStart = Number(this.space.start);
    this.mmEnd = Number(end);
    this.kStart = Number(this.#kernel.addr);
    this.kEnd = Number(BigInt.asUintN(64, this.#kernel.addr + this.#kernel.range));
    const exactBounds = [this.space.start, this.space.range, this.#kernel.addr, this.#kernel.range].every(
      (v) => isPageGranular(Number(v)) && BigInt(Number(v)) === v,
    );
    if (!this.small && !exactBounds) this.exact = new ExactSpace();
    if (this.#kernel.range !== 0n) this.#reserve();
  }

  /** `vm#2`, for findings. */
  get name(): string {
    return `vm#${this.id}`;
  }

  /** The VM's dma_resv (`drm_gpuvm_resv`). */
  get resv(): DmaResv {
    return this.rObj.resv;
  }

  /** `drm_gpuvm_resv_protected`. */
  get resvProtected(): boolean {
    return (this.flags & DRM_GPUVM_RESV_PROTECTED) !== 0;
  }

  /** Takes a reference (`drm_gpuvm_get`). */
  get(holder: Holder): this {
    if (this.refs === 0) {
      throw new GpuvmError(
        "USE_AFTER_FREE",
        `a reference is taken on ${this.name} after its last one was put`,
        [this.name],
      );
    }
    this.refs++;
    if (this.dev.ledger !== null) this.dev.ledger.get(this, holder);
    return this;
  }

  /**
   * Drops a reference (`drm_gpuvm_put`). The last one warns of what was left, and calls `vmFree`.
   *
   * @returns whether it was the last
   */
  put(holder: Holder): boolean {
    if (this.refs === 0)
      throw new GpuvmError("REFCOUNT", `the count of ${this.name} goes below 0`, [this.name]);
    if (this.dev.ledger !== null) this.dev.ledger.put(this, holder);
    if (--this.refs !== 0) return false;
    this.#fini();
    return true;
  }

  /** Whether the object's dma_resv is another than the VM's now (`drm_gpuvm_is_extobj`). */
  isExtobj(obj: DrmGemObject | null): boolean {
    return obj !== null && obj.resv !== this.rObj.resv;
  }

  /** Mappings in the tree, the kernel node included. */
  get mappings(): number {
    return this.exact === null ? this.index.size : this.exact.vas.length;
  }

  /** Bytes that the mappings and their index take. */
  get bytes(): number {
    return this.vas.bytes + this.index.bytes;
  }

  /**
   * Those of them in shared buffers, in which the tables of a large VM grow without being copied: memory that
   * `process.memoryUsage()` does not count, and that the collector does not hurry for when the VM is dropped.
   */
  get sharedBytes(): number {
    return this.vas.sharedBytes + this.index.sharedBytes;
  }

  /**
   * The number as a double that is exact among the VM's numbers. If there is none the VM goes over to bigints
   * (`exact` is set), and the answer is the nearest double. @internal
   */
  num(v: U64): number {
    return this.fits(v) ? v : this.#admit(v);
  }

  /** Whether the number is a double that is exact among the VM's numbers. @internal */
  fits(v: U64): v is number {
    if (typeof v !== "number") return false;
    return this.small ? v <= SMALL && v >= 0 && v === Math.floor(v) : isPageGranular(v);
  }

  /** Goes over to bigints, for good. @internal */
  promote(): ExactSpace {
    if (this.exact !== null) return this.exact;
    const exact = new ExactSpace();
    this.index.rewind();
    for (let va = this.index.advance(); va !== 0; va = this.index.advance()) exact.put(this.#exactRow(va));
    this.index.giveUp();
    this.exact = exact;
    return exact;
  }

  #exactRow(va: Gpuva): ExactVa {
    const { vas } = this;
    return { va, addr: BigInt(vas.addr(va)), range: BigInt(vas.range(va)), offset: BigInt(vas.offset(va)) };
  }

  #admit(v: U64): number {
    const big = toBig(v);
    const n = Number(big);
    const same = BigInt(n) === big;
    if (this.exact !== null) return n;
    if (same && (this.small ? isSmall(n) : isPageGranular(n))) return n;
    if (same && this.small && isPageGranular(n) && this.#allPageGranular()) {
      this.small = false;
      return n;
    }
    this.promote();
    return n;
  }

  #allPageGranular(): boolean {
    const { index, vas } = this;
    const bounds = [this.mmStart, this.mmEnd, this.kStart, this.kEnd];
    if (!bounds.every(isPageGranular)) return false;
    index.rewind();
    for (let va = index.advance(); va !== 0; va = index.advance()) {
      if (![vas.addr(va), vas.range(va), vas.offset(va)].every(isPageGranular)) return false;
    }
    return true;
  }

  #reserve(): void {
    const { addr, range } = this.#kernel;
    const va = this.vas.alloc();
    this.kernelNode = va;
    this.vas.set(va, Number(addr), Number(range), 0, 0);
    const wraps = addr + range >= 2n ** 64n;
    this.exact?.note({ va, addr, range, offset: 0n });
    if (wraps) {
      this.dev.warn("GPUVA address limited to 8 bytes.");
      return;
    }
    this.vas.mark(va, VA_INSERTED, true);
    if (this.exact !== null) {
      this.exact.put({ va, addr, range, offset: 0n });
      return;
    }
    this.index.key = Number(addr);
    this.index.bound = Number(addr + range);
    this.index.insert(va);
  }

  #fini(): void {
    const { dev } = this;
    this.label = null;
    const node = this.kernelNode;
    if (node !== 0 && this.vas.is(node, VA_INSERTED)) {
      if (this.exact !== null) this.exact.remove(node);
      else this.index.remove(node);
    }
    if (this.mappings !== 0) dev.warn("GPUVA tree is not empty, potentially leaking memory.");
    if (this.extobj.list.length !== 0) dev.warn("Extobj list should be empty.");
    if (this.evict.list.length !== 0) dev.warn("Evict list should be empty.");
    if (this.deferred !== null) dev.warn("VM BO cleanup list should be empty.");
    this.rObj.put(this);
    if (this.ops.vmFree === undefined) {
      dev.warn("no vm_free callback: the VM leaks");
      return;
    }
    dev.onFree?.(this);
    this.ops.vmFree(this);
    dev.refs--;
  }

  /** Whether `[addr, addr + range)` lies in the VM and off the kernel node, for exact numbers. @internal */
  rangeValidExact(addr: bigint, range: bigint): boolean {
    const end = addr + range;
    if (end >= 2n ** 64n) return false;
    const mmEnd = BigInt.asUintN(64, this.space.start + this.space.range);
    if (addr < this.space.start || end > mmEnd) return false;
    const kernel = this.#kernel;
    const kEnd = BigInt.asUintN(64, kernel.addr + kernel.range);
    return !(kernel.range !== 0n && addr < kEnd && kernel.addr < end);
  }

  /** Whether `[addr, addr + range)` lies in the VM, which ends below 2^64, and off the kernel node, for doubles. @internal */
  rangeValidFast(addr: number, range: number): boolean {
    const end = addr + range;
    if (addr < this.mmStart || end > this.mmEnd) return false;
    return addr >= this.kEnd || end <= this.kStart || this.kernelNode === 0;
  }
}

/**
 * The link of one VM and one object (`struct drm_gpuvm_bo`).
 *
 * # Invariants
 * `refs` is what callers hold plus one for each linked VA. It holds its VM, and, unless the VM's ownership is soft,
 * its object, until it is freed. Being on a list counts for nothing: the last put frees it, on whatever lists it is.
 */
export class DrmGpuvmBo implements Counted {
  /** The VM; counted. */
  readonly vm: DrmGpuvm;
  /** The object; counted unless ownership is soft. */
  readonly obj: DrmGemObject;
  /** References (`kref`). 0 and not freed: a zombie that waits for the deferred cleanup. */
  refs = 1;
  /** Needs validation; protected by the object's dma_resv. */
  evicted = false;
  /** Destroyed. */
  freed = false;
  /** First linked VA, or 0 (`list.gpuva`, in the order of linking). */
  vaHead: Gpuva = 0;
  /** Last linked VA, or 0. */
  vaTail: Gpuva = 0;
  /** Linked VAs. */
  vaCount = 0;
  /** Unique on its device. */
  readonly id: number;
  /** Place in the VM's table. @internal */
  readonly slot: number;
  /** On the object's list (`list.entry.gem`). */
  readonly onGem: ListNode<DrmGpuvmBo> = new ListNode<DrmGpuvmBo>(this);
  /** On the VM's list of external objects, or on a walk's local list. */
  readonly onExtobj: ListNode<DrmGpuvmBo> = new ListNode<DrmGpuvmBo>(this);
  /** On the VM's list of evicted objects, or on a walk's local list. */
  readonly onEvict: ListNode<DrmGpuvmBo> = new ListNode<DrmGpuvmBo>(this);
  /** Next older zombie (`list.entry.bo_defer`). */
  deferNext: DrmGpuvmBo | null = null;

  /** Made by `gpuvmBoCreate`; drivers may extend the class and make theirs in `vmBoAlloc`. */
  constructor(vm: DrmGpuvm, obj: DrmGemObject) {
    this.vm = vm;
    this.obj = obj;
    this.id = vm.dev.serial();
    this.slot = vm.freeSlots.pop() ?? vm.bos.length;
    vm.bos[this.slot] = this;
  }

  /** `vm_bo#9 (vm#1, bo#3)`, for findings. */
  get name(): string {
    return `vm_bo#${this.id} (${this.vm.name}, ${this.obj.name})`;
  }

  /** Whether it keeps its object alive. */
  get countsObj(): boolean {
    return this.vm.boOwnership === "hard";
  }
}
