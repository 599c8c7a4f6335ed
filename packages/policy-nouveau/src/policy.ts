import type { RefEdge, ReferencePolicy } from "@gpuvm/core";

const MODELS = "Linux 7.3.4";

/** What both interfaces have. */
const SHARED: readonly RefEdge[] = [
  { from: "handle", to: "BO", kind: "counted", span: "while open", source: "drm_gem_handle_create" },
  { from: "dma_buf", to: "BO", kind: "counted", span: "while open", source: "drm_gem_dmabuf_release" },
  { from: "vm_bo", to: "VM", kind: "counted", span: "while it lives", source: "drm_gpuvm_bo_create" },
  { from: "VA", to: "vm_bo", kind: "counted", span: "while linked", source: "drm_gpuva_link" },
  { from: "VA", to: "VM", kind: "counted", span: "while in the tree", source: "drm_gpuva_insert" },
  { from: "VM", to: "r_obj", kind: "counted", span: "for life", source: "drm_gpuvm_init" },
  {
    from: "queue",
    to: "BO",
    kind: "counted",
    span: "push buffer and notifier of a channel",
    source: "nouveau_channel_ctor",
  },
  {
    from: "fence",
    to: "pages",
    kind: "counted",
    span: "memory of a freed object, until its fences signal",
    source: "ttm_bo_release",
  },
  { from: "BO", to: "vm_bo", kind: "weak", span: "gpuva list", source: "drm_gpuvm_bo_obtain" },
  { from: "vm_bo", to: "VA", kind: "weak", span: "gpuva list", source: "drm_gpuva_link" },
  { from: "BO", to: "pages", kind: "duty", span: "until it is freed, or moved", source: "ttm_bo_release" },
  { from: "file", to: "VA", kind: "duty", span: "when it closes", source: "nouveau_cli_fini" },
];

/** A VM that the program manages. Belt and braces: vm_bo and VA each hold the object. */
export const vmBindPolicy: ReferencePolicy = {
  driver: "nouveau",
  variant: "vm-bind",
  models: MODELS,
  boOwnership: "hard",
  edges: [
    ...SHARED,
    { from: "vm_bo", to: "BO", kind: "counted", span: "while it lives", source: "drm_gpuvm_bo_create" },
    {
      from: "file",
      to: "VM",
      kind: "counted",
      span: "until it closes",
      source: "nouveau_uvmm_ioctl_vm_init",
    },
    {
      from: "VA",
      to: "BO",
      kind: "counted",
      span: "from its insertion until its entries are gone",
      source: "nouveau_uvma_gem_get",
    },
    { from: "BO", to: "r_obj", kind: "counted", span: "NO_SHARE, for life", source: "nouveau_gem_ioctl_new" },
    {
      from: "bind_job",
      to: "BO",
      kind: "counted",
      span: "maps, until the cleanup",
      source: "nouveau_uvmm_bind_job_submit",
    },
    {
      from: "bind_job",
      to: "vm_bo",
      kind: "counted",
      span: "maps, until the cleanup",
      source: "nouveau_uvmm_bind_job_submit",
    },
    {
      from: "bind_job",
      to: "VA",
      kind: "duty",
      span: "what it took out of the tree",
      source: "nouveau_uvmm_sm_cleanup",
    },
    { from: "VA", to: "PTE", kind: "duty", span: "in the job", source: "nouveau_uvma_unmap" },
  ],
  teardown: [
    {
      id: "unmap",
      causedBy: "userspace",
      tearsDown: "what lies in the range",
      waitsFor: null,
      source: "nouveau_uvmm_bind_job_submit",
    },
    {
      id: "overlap",
      causedBy: "userspace",
      tearsDown: "what the new mapping covers",
      waitsFor: null,
      source: "nouveau_uvmm_bind_job_submit",
    },
    {
      id: "file-close",
      causedBy: "driver",
      tearsDown: "every mapping of the file's VM",
      waitsFor: "the channels to be idle, EXECs that have begun and the bind jobs",
      source: "nouveau_uvmm_fini",
    },
  ],
  capabilities: [
    {
      name: "async-bind",
      supported: true,
      consequence: "the tree changes in the call, the page tables in a job",
    },
    { name: "partial-unmap", supported: true, consequence: "an unmap cuts mappings" },
    {
      name: "kernel-chosen-address",
      supported: false,
      consequence: "the program maps before it uses, and unmaps before it reuses",
    },
    {
      name: "sparse",
      supported: true,
      consequence: "in a sparse region what is not mapped reads as zero; a map lies in one or in none",
    },
    {
      name: "private-bo",
      supported: true,
      consequence: "NO_SHARE: the object shares the VM's dma_resv, and leaves neither VM nor file",
    },
    {
      name: "implicit-fences",
      supported: true,
      consequence: "each job fences the VM and every external object, as written",
    },
    {
      name: "eviction",
      supported: true,
      consequence:
        "from VRAM to the GART, where mappings lead there if page sizes match; out of the GPU's reach entries go, and come back in the move of the next validation",
    },
    { name: "unwind", supported: true, consequence: "a bind that fails has changed nothing" },
  ],
};

/** Addresses that the kernel chooses, and buffer lists: a mapping for as long as the client has a handle. */
export const legacyPolicy: ReferencePolicy = {
  driver: "nouveau",
  variant: "legacy",
  models: MODELS,
  boOwnership: "soft",
  edges: [
    ...SHARED,
    {
      from: "vm_bo",
      to: "BO",
      kind: "weak",
      span: "the object's list of mappings",
      source: "nouveau_vma_new",
    },
    {
      from: "handle",
      to: "VA",
      kind: "counted",
      span: "one count for each handle of the client",
      source: "nouveau_gem_object_open",
    },
    {
      from: "VA",
      to: "pages",
      kind: "counted",
      span: "of VRAM, while it is in the page tables",
      source: "nvkm_vmm_map_locked",
    },
    {
      from: "VA",
      to: "fence",
      kind: "counted",
      span: "the last work that named it",
      source: "validate_fini_no_ticket",
    },
    {
      from: "fence",
      to: "VA",
      kind: "duty",
      span: "a mapping without handles, when the fence signals",
      source: "nouveau_cli_work_queue",
    },
    { from: "VA", to: "PTE", kind: "duty", span: "when it is deleted", source: "nouveau_vma_del" },
  ],
  teardown: [
    {
      id: "handle-close",
      causedBy: "userspace",
      tearsDown: "the client's mapping of the object, at its last handle",
      waitsFor: null,
      source: "nouveau_gem_object_close",
    },
    {
      id: "file-close",
      causedBy: "driver",
      tearsDown: "what its handles mapped, and its channels",
      waitsFor: "the channels to be idle",
      source: "nouveau_cli_fini",
    },
  ],
  capabilities: [
    { name: "async-bind", supported: false, consequence: "there are no binds" },
    {
      name: "kernel-chosen-address",
      supported: true,
      consequence:
        "a mapping is made with the handle and goes with it; a close does not wait: a worker unmaps when the last work is done",
    },
    {
      name: "bo-list",
      supported: true,
      consequence: "a submit locks, validates and fences what it names, and nothing else",
    },
    { name: "sparse", supported: false, consequence: "every address leads to memory" },
    { name: "private-bo", supported: false, consequence: "every object has a dma_resv of its own" },
    {
      name: "eviction",
      supported: true,
      consequence: "mappings are kept, their entries go; they come back when a submit names the object",
    },
  ],
};
