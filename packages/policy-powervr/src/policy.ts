import type { Capability, OtherLoop, RefEdge, ReferencePolicy, TeardownEvent } from "@gpuvm/core";
import type { PvrVariant } from "./variants.ts";

const EDGES: readonly RefEdge[] = [
  { from: "handle", to: "BO", kind: "counted", span: "while open", source: "drm_gem_handle_create" },
  { from: "dma_buf", to: "BO", kind: "counted", span: "while open", source: "drm_gem_dmabuf_release" },
  { from: "vm_bo", to: "BO", kind: "counted", span: "while it lives", source: "drm_gpuvm_bo_create" },
  { from: "vm_bo", to: "VM", kind: "counted", span: "while it lives", source: "drm_gpuvm_bo_create" },
  { from: "VA", to: "vm_bo", kind: "counted", span: "while linked", source: "drm_gpuva_link" },
  { from: "VA", to: "VM", kind: "counted", span: "while in the tree", source: "drm_gpuva_insert" },
  { from: "VM", to: "r_obj", kind: "counted", span: "for life", source: "drm_gpuvm_init" },
  {
    from: "VM",
    to: "BO",
    kind: "counted",
    span: "its firmware object, until the driver's count is 0",
    source: "pvr_vm_create_context",
  },
  {
    from: "device",
    to: "VM",
    kind: "counted",
    span: "the firmware's, until the unload",
    source: "pvr_vm_create_context",
  },
  {
    from: "file",
    to: "VM",
    kind: "counted",
    span: "the driver's count, until DESTROY or close",
    source: "pvr_ioctl_create_vm_context",
  },
  {
    from: "file",
    to: "context",
    kind: "counted",
    span: "until DESTROY or close",
    source: "pvr_context_create",
  },
  {
    from: "file",
    to: "free_list",
    kind: "counted",
    span: "until DESTROY or close",
    source: "pvr_free_list_create",
  },
  {
    from: "file",
    to: "hwrt",
    kind: "counted",
    span: "until DESTROY or close",
    source: "pvr_hwrt_dataset_create",
  },
  {
    from: "free_list",
    to: "BO",
    kind: "counted",
    span: "the program's list, its pages, its firmware object",
    source: "pvr_free_list_create",
  },
  {
    from: "hwrt",
    to: "free_list",
    kind: "counted",
    span: "for life",
    source: "hwrt_init_kernel_structure",
  },
  {
    from: "hwrt",
    to: "BO",
    kind: "counted",
    span: "three firmware objects, seven with layers, for life",
    source: "pvr_hwrt_dataset_create",
  },
  {
    from: "context",
    to: "VM",
    kind: "counted",
    span: "the driver's count, for life",
    source: "pvr_context_create",
  },
  {
    from: "context",
    to: "BO",
    kind: "counted",
    span: "its firmware object, for life",
    source: "pvr_context_create",
  },
  { from: "context", to: "queue", kind: "duty", span: "for life", source: "pvr_context_destroy_queues" },
  {
    from: "queue",
    to: "BO",
    kind: "counted",
    span: "four firmware objects, for life",
    source: "pvr_queue_create",
  },
  {
    from: "queue",
    to: "fence",
    kind: "counted",
    span: "of the job queued last and of the job run last, until the context is destroyed",
    source: "pvr_queue_job_push, drm_sched_entity_pop_job",
  },
  { from: "submit", to: "context", kind: "counted", span: "until the job is freed", source: "create_job" },
  {
    from: "submit",
    to: "fence",
    kind: "counted",
    span: "its own and those it waits for, until the job is freed",
    source: "pvr_queue_job_init, drm_sched_job_add_dependency",
  },
  {
    from: "submit",
    to: "hwrt",
    kind: "counted",
    span: "until the job is freed",
    source: "pvr_hwrt_data_lookup",
  },
  {
    from: "fence",
    to: "fence",
    kind: "counted",
    span: "finished its scheduled, that the queue's own, for life",
    source: "drm_sched_fence_set_parent",
  },
  {
    from: "fence",
    to: "context",
    kind: "counted",
    span: "a queue's own, until its last reference, signalled or not",
    source: "pvr_queue_fence_init",
  },
  { from: "BO", to: "fence", kind: "counted", span: "while in its dma_resv", source: "dma_resv_add_fence" },
  {
    from: "VM",
    to: "VA",
    kind: "duty",
    span: "when the driver's count is 0",
    source: "pvr_vm_context_release",
  },
  { from: "VA", to: "PTE", kind: "duty", span: "when it is taken away", source: "pvr_vm_gpuva_unmap" },
  {
    from: "BO",
    to: "pages",
    kind: "duty",
    span: "from its creation until it is freed",
    source: "pvr_gem_object_create",
  },
  { from: "BO", to: "vm_bo", kind: "weak", span: "gpuva list", source: "drm_gpuvm_bo_obtain" },
  { from: "vm_bo", to: "VA", kind: "weak", span: "gpuva list", source: "drm_gpuva_link" },
];

/** A queue keeps the fences of the last jobs that it has seen, and these keep its context. */
const LAST_FENCES: OtherLoop = {
  nodes: ["context", "fence", "queue"],
  brokenBy: [
    {
      what: "the destruction of the context, which drops its queues' last fences",
      causedBy: "userspace",
      waitsFor: "what is queued to be given to the firmware, killably",
      source: "pvr_queue_kill",
    },
    {
      what: "the close of the file, which destroys its contexts",
      causedBy: "driver",
      waitsFor: "the same; for a program that exits at most 1 s for each queue",
      source: "pvr_destroy_contexts_for_file",
    },
  ],
};

/** The reference that the pieces of a remap took, and nobody put. */
const P5: RefEdge = {
  from: "VA",
  to: "BO",
  kind: "counted",
  span: "pieces of a remap, for ever",
  some: true,
  source: "pvr_vm_gpuva_remap before the pieces belonged to the mapping that is cut",
};

function teardownOf(variant: PvrVariant): TeardownEvent[] {
  const exact = !variant.defects.has("P3");
  const events: TeardownEvent[] = [
    {
      id: "unmap",
      causedBy: "userspace",
      tearsDown: exact
        ? "the mapping of exactly this range"
        : "every mapping in the range, and parts of mappings",
      waitsFor: null,
      source: "pvr_vm_unmap",
    },
    {
      id: "overlap",
      causedBy: "userspace",
      tearsDown: "what the new mapping covers",
      waitsFor: null,
      source: "pvr_vm_gpuva_unmap",
    },
    {
      id: "vm-close",
      causedBy: "driver",
      tearsDown: "every mapping of the VM, when neither the file nor a context holds it any more",
      waitsFor: null,
      source: "pvr_vm_context_release",
    },
  ];
  if (!variant.defects.has("P2")) {
    events.push({
      id: "file-close",
      causedBy: "driver",
      tearsDown: "every mapping of VMs whose contexts are still referenced",
      waitsFor: null,
      source: "pvr_destroy_contexts_for_file, b04ce1e718bd",
    });
  }
  return events;
}

function capabilities(variant: PvrVariant): Capability[] {
  return [
    { name: "async-bind", supported: false, consequence: "a bind is done when its ioctl returns" },
    {
      name: "partial-unmap",
      supported: variant.defects.has("P3"),
      consequence: "without it the program has to remember what it mapped, and unmaps that and nothing else",
    },
    {
      name: "kernel-chosen-address",
      supported: false,
      consequence: "the program maps before it uses, and unmaps before it reuses",
    },
    { name: "sparse", supported: false, consequence: "there are no null mappings" },
    { name: "private-bo", supported: false, consequence: "every object has a dma_resv of its own" },
    {
      name: "implicit-fences",
      supported: false,
      consequence:
        "jobs fence neither buffers nor the VM: an unmap under a running job is the program's fault",
    },
    {
      name: "eviction",
      supported: false,
      consequence: "pages are there from an object's creation until it is freed",
    },
  ];
}

/** What a version declares of itself. */
export function policyOf(variant: PvrVariant): ReferencePolicy {
  return {
    driver: "powervr",
    variant: variant.name,
    models: variant.models,
    boOwnership: "hard",
    edges: variant.defects.has("P5") ? [...EDGES, P5] : EDGES,
    otherLoops: [LAST_FENCES],
    teardown: teardownOf(variant),
    capabilities: capabilities(variant),
  };
}
