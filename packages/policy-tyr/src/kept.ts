import type { KeptRule } from "@gpuvm/core";

/** What `rust/kernel/drm/gpuvm` keeps for any driver on it, beside what the drivers in C do by hand. */
export const KEPT: readonly KeptRule[] = [
  {
    rule: "lists are protected by the VM's dma_resv, and binds may run in the fence-signalling path",
    keptBy: "every VM is IMMEDIATE_MODE and RESV_PROTECTED; a driver cannot choose",
    byHand: "each driver passes its flags: panthor both, xe the second, nouveau and powervr neither",
    source: "GpuVm::new",
  },
  {
    rule: "one thread at a time changes the tree",
    keptBy: "split and merge take the only UniqueRefGpuVm, by a mutable reference",
    byHand: "a mutex of each driver's, which nothing ties to the tree",
    source: "UniqueRefGpuVm::sm_map",
  },
  {
    rule: "a step that says it is done has changed the tree and the lists",
    keptBy: "it must return an OpMapped, OpUnmapped or OpRemapped, which only the change makes",
    byHand: "0 is as good as the callback that returns it",
    source: "DriverGpuVm::sm_step_map",
  },
  {
    rule: "the last put of a vm_bo does not free it where it happens",
    keptBy: "every drop is drm_gpuvm_bo_put_deferred; when to drain is still the driver's to say",
    byHand: "panthor calls put_deferred, and the drain, itself; the others put, and free, at once",
    source: "GpuVmBo::dec_ref, GpuVm::deferred_cleanup",
  },
  {
    rule: "the memory of a VA that was taken away is not forgotten",
    keptBy: "it comes back as a GpuVaRemoved, which is freed when it is dropped",
    byHand: "kfree behind each unlink",
    source: "OpUnmap::remove",
  },
  {
    rule: "the pieces of a mapping that is cut belong to its own vm_bo",
    keptBy: "remap links them; the driver gives two VAs, and gets back the one that was not needed",
    byHand: "the driver links each piece to the vm_bo that it names",
    source: "OpRemap::remap",
  },
  {
    rule: "an external object is on the VM's list before it is mapped",
    keptBy: "obtain puts it there, under the VM's dma_resv",
    byHand: "drm_gpuvm_bo_extobj_add where a driver remembers it",
    source: "GpuVmBoAlloc::obtain",
  },
  {
    rule: "a driver's data of a vm_bo goes before the references on VM and object",
    keptBy: "vm_bo_free drops it, in the drain",
    byHand: "each vm_bo_free, where there is one",
    source: "GpuVmBo::vm_bo_free",
  },
];
