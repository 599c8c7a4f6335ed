import { type DrmGemObject, type Gpuva, ListNode } from "@gpuvm/core";
import { Bo, type DmaBuf } from "@gpuvm/drm-model";
import type { MsmParts } from "../drv/parts.ts";
import { MSM_BO_NO_SHARE } from "../drv/uapi.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import { withoutRoom } from "./resv.ts";

/** What the program said of an object's contents, `purged`: they are gone. */
export type Madv = "willneed" | "dontneed" | "purged";

/** A VMA that a BO owns, in the version before GPUVM. */
export interface OwnedVma {
  /** Its VM. */
  readonly vm: MsmGemVm;
  /** Its row in the VM. */
  readonly va: Gpuva;
}

/** How an object of msm is made. */
export interface MsmBoOptions {
  /** Bytes, a multiple of 4096. */
  readonly size: number;
  /** `MSM_BO_*`. */
  readonly flags: number;
  /** With `MSM_BO_NO_SHARE`: the only VM that may map it. */
  readonly vm?: MsmGemVm;
  /** The foreign dma-buf that it was imported from. */
  readonly importedFrom?: DmaBuf;
  /** It came in as a dma-buf of another driver. */
  readonly imported?: boolean;
  /** See {@link Bo.contiguity}; default 4096: shmem's pages, which follow each other by chance only. */
  readonly contiguity?: number;
}

/** A buffer object (`struct msm_gem_object`). */
export class MsmBo extends Bo {
  /** `MSM_BO_*`. */
  readonly flags: number;
  /** What the program said of the contents. */
  madv: Madv = "willneed";
  /**
   * Open handles, exported dma-bufs and prepared framebuffers (`vma_ref`, 6.17). Not a count of references: while it
   * is positive the display's mapping is worth keeping.
   */
  vmaRef = 0;
  /** Mappings into the kernel's own address space; each pins, too (`vmap_count`). */
  vmaps = 0;
  /** VMAs, in the version before GPUVM (`msm_gem_object.vmas`). */
  readonly owned: OwnedVma[] = [];
  /** The model's: the VM in which a program last asked for, or chose, the address, and that address. Null: nobody relies on one. */
  toldIn: MsmGemVm | null = null;
  /** See {@link MsmBo.toldIn}. */
  toldIova = 0;
  /** On one of the LRU lists. */
  readonly onLru: ListNode<MsmBo> = new ListNode<MsmBo>(this);
  /** The resv object of the only VM that may map it, counted; the VM is not. Null: not private. */
  readonly privateResv: DrmGemObject | null;

  readonly #device: MsmParts;

  /** An object with one reference, on no list: see `msmGemNew`. The resv object's reference is taken first. */
  constructor(msm: MsmParts, options: MsmBoOptions) {
    const { size, flags, vm, importedFrom, contiguity } = options;
    super(msm.machine, {
      size,
      funcs: msm.gemFuncs,
      contiguity,
      imported: options.imported === true || importedFrom !== undefined,
      resv: importedFrom?.bo.resv ?? vm?.resv,
    });
    withoutRoom(this.resv);
    this.#device = msm;
    this.flags = flags;
    this.privateResv = vm === undefined ? null : vm.rObj.get(this);
    this.importAttach = importedFrom?.get(this) ?? null;
    // msm_gem_import: its pages are the exporter's.
    if (this.imported) this.pages = "resident";
  }

  /** Whose object it is: see `msmOf`. */
  get device(): MsmParts {
    return this.#device;
  }

  /** `MSM_BO_NO_SHARE`. */
  get noShare(): boolean {
    return (this.flags & MSM_BO_NO_SHARE) !== 0;
  }
}
