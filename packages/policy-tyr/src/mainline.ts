import type { Capability, RefEdge, ReferencePolicy, TeardownEvent } from "@gpuvm/core";
import { KEPT } from "./kept.ts";

const EDGES: readonly RefEdge[] = [
  {
    from: "device",
    to: "VM",
    kind: "counted",
    span: "the firmware's and each section's Arc<Vm>, until the device is unbound",
    source: "Firmware::new, KernelBo::new",
  },
  {
    from: "device",
    to: "BO",
    kind: "counted",
    span: "each firmware section's KernelBo, until the device is unbound",
    source: "KernelBo::new",
  },
  {
    from: "device",
    to: "PTE",
    kind: "counted",
    span: "VmAsData, which owns the page table, while it has an address space slot",
    source: "Mmu::activate_vm",
  },
  {
    from: "VM",
    to: "PTE",
    kind: "counted",
    span: "VmAsData, for life: the page table's life is apart from the drm_gpuvm's",
    source: "Vm::new",
  },
  {
    from: "VM",
    to: "VM",
    kind: "counted",
    span: "two on the drm_gpuvm: the unique one, in a mutex, and a shared one",
    source: "Vm::new",
  },
  {
    from: "VM",
    to: "r_obj",
    kind: "counted",
    span: "for life: an object of 4 KiB of its own",
    source: "gem::new_dummy_object",
  },
  {
    from: "vm_bo",
    to: "BO",
    kind: "counted",
    span: "until the drain after its last put",
    source: "drm_gpuvm_bo_create",
  },
  {
    from: "vm_bo",
    to: "VM",
    kind: "counted",
    span: "until the drain after its last put",
    source: "drm_gpuvm_bo_create",
  },
  { from: "VA", to: "vm_bo", kind: "counted", span: "while linked", source: "drm_gpuva_link" },
  { from: "VA", to: "VM", kind: "counted", span: "while in the tree", source: "drm_gpuva_insert" },
  { from: "VM", to: "VA", kind: "duty", span: "Vm::kill; no Drop of its own", source: "Vm::kill" },
  {
    from: "VA",
    to: "PTE",
    kind: "duty",
    span: "when it is taken away",
    source: "GpuVmData::sm_step_unmap",
  },
  {
    from: "BO",
    to: "pages",
    kind: "duty",
    span: "from its first map, with the sg_table that it keeps, until it is freed",
    source: "shmem::Object::sg_table",
  },
  { from: "BO", to: "vm_bo", kind: "weak", span: "gpuva list", source: "drm_gpuvm_bo_obtain_prealloc" },
  { from: "vm_bo", to: "VA", kind: "weak", span: "gpuva list", source: "drm_gpuva_link" },
];

const TEARDOWN: readonly TeardownEvent[] = [
  {
    id: "unmap",
    causedBy: "driver",
    tearsDown: "a firmware section's mapping, when the section goes; an error is only logged",
    waitsFor: null,
    source: "KernelBo::drop, Vm::unmap_range",
  },
  {
    id: "overlap",
    causedBy: "driver",
    tearsDown: "what a new mapping covers",
    waitsFor: null,
    source: "Vm::map_bo_range",
  },
  {
    id: "vm-close",
    causedBy: "driver",
    tearsDown: "every mapping of the firmware's VM: with the firmware, and when it could not be loaded",
    waitsFor: "the firmware's processor to stop, 100 ms at most",
    source: "Vm::kill, Firmware::drop",
  },
];

const CAPABILITIES: readonly Capability[] = [
  {
    name: "user-vms",
    supported: false,
    consequence: "programs have no VM: the only one is the firmware's, over the whole address space",
  },
  {
    name: "private-bo",
    supported: false,
    consequence: "every object has a dma_resv of its own, and is external to the VM",
  },
  { name: "sparse", supported: false, consequence: "the abstraction has no mapping without an object" },
  {
    name: "eviction",
    supported: false,
    consequence: "the abstraction has no vm_bo_validate: nothing that was evicted could be mapped again",
  },
  {
    name: "unusable-vm",
    supported: false,
    consequence: "a map or unmap that fails part of the way leaves the VM as it is, in use",
  },
];

/** Linux 7.3.4. */
export const MAINLINE: ReferencePolicy = {
  driver: "tyr",
  variant: "mainline",
  models: "Linux 7.3.4 (read, not run: it has no interface for programs)",
  boOwnership: "hard",
  vms: ["kernel"],
  edges: EDGES,
  teardown: TEARDOWN,
  kept: KEPT,
  capabilities: CAPABILITIES,
};
