import type { Capability, RefEdge, ReferencePolicy, TeardownEvent } from "@gpuvm/core";
import type { Generation } from "../history/generation.ts";
import { gen73, gen612, gen619 } from "../history/generations.ts";

/** Edges of every generation. */
const EDGES: readonly RefEdge[] = [
  { from: "handle", to: "BO", kind: "counted", span: "while open", source: "drm_gem_handle_create" },
  { from: "dma_buf", to: "BO", kind: "counted", span: "while open", source: "drm_gem_prime_export" },
  { from: "vm_bo", to: "BO", kind: "counted", span: "its life", source: "drm_gpuvm_bo_create" },
  { from: "vm_bo", to: "VM", kind: "counted", span: "its life", source: "drm_gpuvm_bo_create" },
  { from: "VA", to: "vm_bo", kind: "counted", span: "while linked", source: "panthor_vma_link" },
  { from: "VA", to: "VM", kind: "counted", span: "while in the tree", source: "drm_gpuva_insert" },
  { from: "VM", to: "r_obj", kind: "counted", span: "its life", source: "drm_gpuvm_init" },
  {
    from: "BO",
    to: "r_obj",
    kind: "counted",
    span: "private BOs: their life",
    source: "panthor_gem_create_with_handle",
  },
  {
    from: "file",
    to: "VM",
    kind: "counted",
    span: "until VM_DESTROY or close",
    source: "panthor_vm_pool_create_vm",
  },
  {
    from: "file",
    to: "queue",
    kind: "counted",
    span: "until destroyed or close",
    source: "panthor_group_create",
  },
  {
    from: "file",
    to: "BO",
    kind: "counted",
    span: "what the program has mapped to the CPU: until it unmaps it",
    source: "panthor_gem_mmap, drm_gem_vm_close",
  },
  {
    from: "device",
    to: "VM",
    kind: "counted",
    span: "the firmware's VM: while the device is there",
    source: "panthor_fw_init",
  },
  {
    from: "device",
    to: "BO",
    kind: "counted",
    span: "the firmware: while the device is there",
    source: "panthor_fw_init",
  },
  {
    from: "queue",
    to: "VM",
    kind: "counted",
    span: "its life, and once more for each object of its own",
    source: "panthor_group_create",
  },
  {
    from: "queue",
    to: "BO",
    kind: "counted",
    span: "its own objects: its life; and one of the program's while a queue waits for a value in it",
    source: "panthor_kernel_bo_create, panthor_vm_get_bo_for_va",
  },
  {
    from: "queue",
    to: "pages",
    kind: "counted",
    span: "of what the kernel maps: its ring buffers, syncobjs and statistics, and what a queue waits for",
    source: "panthor_kernel_bo_vmap, panthor_queue_get_syncwait_obj",
  },
  {
    from: "heap_pool",
    to: "pages",
    kind: "counted",
    span: "of the contexts: until VM destroy",
    source: "panthor_heap_pool_create",
  },
  {
    from: "device",
    to: "queue",
    kind: "counted",
    span: "while it is in a slot of the firmware",
    source: "group_bind_locked",
  },
  {
    from: "queue",
    to: "submit",
    kind: "counted",
    span: "while it is in the ring buffer: until it is done, or the group is given up",
    source: "queue_run_job",
  },
  { from: "queue", to: "fence", kind: "counted", span: "of its last job", source: "queue_run_job" },
  {
    from: "VM",
    to: "heap_pool",
    kind: "counted",
    span: "until VM destroy",
    source: "panthor_vm_get_heap_pool",
  },
  {
    from: "VM",
    to: "fence",
    kind: "counted",
    span: "of its last bind job",
    source: "drm_sched_entity_pop_job",
  },
  {
    from: "heap_pool",
    to: "VM",
    kind: "counted",
    span: "for each object of the tiler heaps",
    source: "panthor_kernel_bo_create",
  },
  {
    from: "heap_pool",
    to: "BO",
    kind: "counted",
    span: "contexts and chunks: until destroyed or VM destroy",
    source: "panthor_heap_create",
  },
  { from: "submit", to: "fence", kind: "counted", span: "its life", source: "panthor_job_create" },
  { from: "submit", to: "queue", kind: "counted", span: "until retired", source: "panthor_job_create" },
  {
    from: "bind_job",
    to: "VM",
    kind: "counted",
    span: "until cleaned up",
    source: "panthor_vm_bind_job_create",
  },
  { from: "bind_job", to: "fence", kind: "counted", span: "its life", source: "drm_sched_job_arm" },
  {
    from: "bind_job",
    to: "vm_bo",
    kind: "counted",
    span: "until its map is linked",
    source: "panthor_vm_prepare_map_op_ctx",
  },
  {
    from: "VM",
    to: "VA",
    kind: "duty",
    span: "VM destroy unmaps the whole range",
    source: "panthor_vm_destroy",
  },
  { from: "BO", to: "vm_bo", kind: "weak", span: "gpuva.list", source: "drm_gpuvm_bo_obtain_prealloc" },
  {
    from: "VM",
    to: "vm_bo",
    kind: "weak",
    span: "extobj, evict and deferred lists",
    source: "drm_gpuvm_bo_extobj_add",
  },
];

const OP_HOLDS_BO: RefEdge = {
  from: "bind_job",
  to: "BO",
  kind: "counted",
  span: "a map, until cleaned up",
  source: "panthor_vm_prepare_map_op_ctx",
};

const OP_PINS: RefEdge = {
  from: "bind_job",
  to: "pages",
  kind: "counted",
  span: "a map, until cleaned up",
  source: "panthor_gem_pin",
};

const VM_BO_PINS: RefEdge = {
  from: "vm_bo",
  to: "pages",
  kind: "counted",
  span: "its life",
  source: "panthor_vm_prepare_map_op_ctx, panthor_vm_bo_put",
};

const PUT_HOLDS: readonly RefEdge[] = [
  {
    from: "bind_job",
    to: "BO",
    kind: "counted",
    span: "while it puts a vm_bo whose last reference that may be",
    source: "panthor_vm_bo_put",
  },
];

const SPARSE: readonly RefEdge[] = [
  {
    from: "file",
    to: "BO",
    kind: "counted",
    span: "the sparse dummy: from open to close",
    source: "panthor_vm_pool_create",
  },
  {
    from: "VM",
    to: "BO",
    kind: "counted",
    span: "the sparse dummy: its life",
    source: "panthor_vm_pool_create_vm",
  },
];

const TEARDOWN: readonly TeardownEvent[] = [
  {
    id: "unmap",
    causedBy: "userspace",
    tearsDown: "what the range covers",
    waitsFor: null,
    source: "panthor_ioctl_vm_bind",
  },
  {
    id: "overlap",
    causedBy: "userspace",
    tearsDown: "what a new mapping covers",
    waitsFor: null,
    source: "panthor_gpuva_sm_step_remap",
  },
  {
    id: "vm_bo-drain",
    causedBy: "driver",
    tearsDown:
      "vm_bos without mappings, with what they hold: when the next operation of the VM is cleaned up",
    waitsFor: null,
    source: "panthor_vm_cleanup_op_ctx",
  },
  {
    id: "vm-close",
    causedBy: "userspace",
    tearsDown: "every mapping of the VM",
    waitsFor: null,
    source: "panthor_vm_destroy",
  },
  {
    id: "file-close",
    causedBy: "userspace",
    tearsDown: "the work of the file's groups, then every mapping of its VMs",
    waitsFor: null,
    source: "panthor_postclose",
  },
];

function capabilities(gen: Generation): readonly Capability[] {
  return [
    {
      name: "many-vms",
      supported: true,
      consequence: "An object may have a vm_bo in each of up to 32 VMs of a file.",
    },
    {
      name: "kernel-chosen-address",
      supported: false,
      consequence: "Only the driver's own objects are placed by it, in its part of each VM.",
    },
    {
      name: "async-bind",
      supported: true,
      consequence:
        "The tree lags behind what was asked for until the job runs; the operation holds what it needs.",
    },
    {
      name: "bind-array",
      supported: true,
      consequence: "One job for each operation: what was done before a failure stays.",
    },
    {
      name: "immediate-mode",
      supported: gen.immediate,
      consequence: gen.immediate
        ? "A vm_bo whose last mapping goes in a job lives on as a zombie, with its object, until a cleanup."
        : "A mapping that goes in a job keeps its vm_bo by hand until the job is cleaned up.",
    },
    {
      name: "private-bo",
      supported: true,
      consequence: "Submits lock one reservation for all of them; none can be exported or mapped elsewhere.",
    },
    {
      name: "sparse",
      supported: gen.sparse,
      consequence: gen.sparse
        ? "A range without memory leads to a dummy of the file, which each VM holds, too."
        : "Programs that want it map a buffer of their own again and again.",
    },
    {
      name: "evictable",
      supported: gen.evictable,
      consequence: gen.evictable
        ? "A mapping holds the object, not its pages: they come back at the next submit."
        : "What is mapped stays in memory, used or not.",
    },
    {
      name: "handle-close-unmaps",
      supported: false,
      consequence: "Memory stays until it is unmapped or the VM goes: a program that forgets keeps it.",
    },
  ];
}

function policy(variant: string, models: string, gen: Generation): ReferencePolicy {
  const edges = [...EDGES];
  if (gen.pinnedBy === "op") edges.push(OP_HOLDS_BO, OP_PINS);
  else edges.push(VM_BO_PINS);
  if (!gen.immediate) edges.push(...PUT_HOLDS);
  if (gen.sparse) edges.push(...SPARSE);
  return {
    driver: "panthor",
    variant,
    models,
    boOwnership: "hard",
    edges,
    teardown: TEARDOWN,
    capabilities: capabilities(gen),
  };
}

/** Linux 7.3.4. */
export const mainlinePolicy: ReferencePolicy = policy("mainline", "Linux 7.3.4", gen73);

/** About Linux 6.19. */
export const policy619: ReferencePolicy = policy("6.19", "Linux 6.19", gen619);

/** Linux 6.12. */
export const policy612: ReferencePolicy = policy("6.12", "Linux 6.12.117", gen612);
