import type { BoOwnership } from "@gpuvm/core";

/** What closing a handle does to the mapping of the closing program's VM, in `msm_gem_close`. */
export interface HandleCloseRule {
  /** The fences that it waits for first: `USAGE_*`. */
  readonly usage: number;
  /** Modelled nanoseconds that it waits at most, and then goes on whatever the answer; null: no limit. */
  readonly limitNs: number | null;
}

/** When a mapping of a kernel-managed VM is taken away. BO free and SET_IOVA 0 do it in every version. */
export interface TeardownRules {
  /** At the close of any one handle, in the VM of the closing file; null: no. */
  readonly handleClose: HandleCloseRule | null;
  /** When a kernel pin goes: never, for every VM but the display's, or always. */
  readonly unpin: "never" | "not-kms" | "always";
  /** When the last request in flight that uses the mapping completes. */
  readonly retire: boolean;
  /** In the display's VM, when the last handle, dma-buf and prepared framebuffer of an object went (`vma_ref`). */
  readonly vmaRef: boolean;
}

/** All in which one version of the driver differs from another. */
export interface MsmRules {
  /** The variant's name. */
  readonly name: string;
  /** The kernel version or patch series. */
  readonly models: string;
  /** `bo`: the BO owns its VMAs, the VM has no path to it. `gpuvm`: VMAs are linked through vm_bos. */
  readonly vmas: "bo" | "gpuvm";
  /** Whether kernel-managed VMs count the objects they map. VM_BIND VMs always do. */
  readonly managed: BoOwnership;
  /** When a mapping goes. */
  readonly teardown: TeardownRules;
  /** A submit holds the vm_bo of each of its buffers until it retires. */
  readonly submitHoldsVmBo: boolean;
  /** Submits that are not on the ring when their file closes are written empty (`ctx->closed`, 5b5582c6b884). */
  readonly emptiesAtClose: boolean;
  /** Programs may choose addresses with `MSM_GEM_INFO(SET_IOVA)`. */
  readonly setIova: boolean;
  /** Programs have page tables of their own: on a GPU from a6xx on, behind an SMMU with per-process tables. */
  readonly privateVms: boolean;
  /** The display is a device of its own (`separate_gpu_kms`): what it shows is imported there. */
  readonly separateKms?: true;
  /** Programs may opt in to managing addresses themselves (`MSM_PARAM_EN_VM_BIND`). */
  readonly vmBind: boolean;
}
