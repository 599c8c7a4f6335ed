import type { ReferencePolicy } from "@gpuvm/core";

/** How xe holds buffer objects in Linux 7.3.4. */
export const mainlinePolicy: ReferencePolicy = {
  driver: "xe",
  variant: "mainline",
  models: "Linux 7.3.4",
  boOwnership: "hard",
  edges: [
    { from: "handle", to: "BO", kind: "counted", span: "while open", source: "drm_gem_handle_create" },
    { from: "dma_buf", to: "BO", kind: "counted", span: "while open", source: "drm_gem_prime_export" },
    { from: "vm_bo", to: "BO", kind: "counted", span: "its life", source: "drm_gpuvm_bo_create" },
    { from: "vm_bo", to: "VM", kind: "counted", span: "its life", source: "drm_gpuvm_bo_create" },
    { from: "VA", to: "vm_bo", kind: "counted", span: "while linked", source: "drm_gpuva_link" },
    {
      from: "VA",
      to: "VM",
      kind: "counted",
      span: "while in the tree; without object also until the fence of its unbind",
      source: "drm_gpuva_insert, xe_vma_create",
    },
    {
      from: "VA",
      to: "BO",
      kind: "counted",
      span: "until the fence of its unbind has signalled",
      source: "xe_vma_create, xe_vma_destroy_late",
    },
    {
      from: "VA",
      to: "pages",
      kind: "duty",
      span: "the program's own memory: from the bind, until its notifier has waited for all work, or cleared the entries",
      source: "xe_vma_userptr_pin_pages, xe_vma_userptr_do_inval",
    },
    { from: "BO", to: "VM", kind: "counted", span: "private BOs: their life", source: "xe_bo_create_user" },
    { from: "VM", to: "r_obj", kind: "counted", span: "its life", source: "drm_gpuvm_init" },
    { from: "VM", to: "file", kind: "counted", span: "until its free work", source: "xe_vm_create" },
    {
      from: "file",
      to: "VM",
      kind: "counted",
      span: "until VM_DESTROY or close",
      source: "xe_vm_create_ioctl",
    },
    {
      from: "file",
      to: "queue",
      kind: "counted",
      span: "until destroyed or close",
      source: "xe_exec_queue_create_ioctl",
    },
    { from: "device", to: "file", kind: "counted", span: "until close", source: "xe_file_open" },
    {
      from: "queue",
      to: "VM",
      kind: "counted",
      span: "its life: where its work runs, or, of a queue for binds, what it binds in",
      source: "__xe_exec_queue_alloc, xe_exec_queue_create_bind",
    },
    {
      from: "VM",
      to: "queue",
      kind: "counted",
      span: "its own bind queue, which holds it: until VM close",
      source: "xe_vm_create, xe_vm_close_and_put",
    },
    {
      from: "queue",
      to: "file",
      kind: "counted",
      span: "its life, if a program made it",
      source: "xe_exec_queue_create_ioctl",
    },
    { from: "submit", to: "queue", kind: "counted", span: "until retired", source: "xe_sched_job_create" },
    {
      from: "bind_job",
      to: "queue",
      kind: "counted",
      span: "an update of page tables, or an invalidation of a TLB: until freed",
      source: "xe_sched_job_create, xe_tlb_inval_job_create",
    },
    {
      from: "bind_job",
      to: "VM",
      kind: "counted",
      span: "an invalidation of a TLB: until freed",
      source: "xe_tlb_inval_job_create",
    },
    {
      from: "fence",
      to: "queue",
      kind: "counted",
      span: "a preempt fence: from when it is armed until the queue is off the GPU",
      source: "xe_preempt_fence_arm, preempt_fence_work_func",
    },
    {
      from: "VM",
      to: "VA",
      kind: "duty",
      span: "VM close destroys every VMA",
      source: "xe_vm_close_and_put",
    },
    { from: "VM", to: "PTE", kind: "duty", span: "VM close clears the root", source: "xe_vm_close" },
    { from: "BO", to: "vm_bo", kind: "weak", span: "gpuva.list", source: "drm_gpuvm_bo_obtain_locked" },
    {
      from: "VM",
      to: "vm_bo",
      kind: "weak",
      span: "extobj and evict lists",
      source: "drm_gpuvm_bo_extobj_add",
    },
    { from: "BO", to: "pages", kind: "duty", span: "unless evicted or purged", source: "xe_bo_validate" },
  ],
  teardown: [
    {
      id: "unmap",
      causedBy: "userspace",
      tearsDown: "what the range covers; with UNMAP_ALL every mapping of the object in the VM",
      waitsFor: null,
      source: "xe_vm_bind_ioctl",
    },
    {
      id: "overlap",
      causedBy: "userspace",
      tearsDown: "what a new mapping covers",
      waitsFor: null,
      source: "vm_bind_ioctl_ops_parse",
    },
    {
      id: "vm-close",
      causedBy: "userspace",
      tearsDown: "every mapping of the VM",
      waitsFor: "all work and binds of the VM; long-running work is preempted",
      source: "xe_vm_close_and_put",
    },
    {
      id: "file-close",
      causedBy: "userspace",
      tearsDown: "every mapping of the file's VMs",
      waitsFor:
        "binds of each VM, and what its killed queues still run: they are taken off the GPU, and do not end by themselves",
      source: "xe_file_close",
    },
  ],
  capabilities: [
    {
      name: "many-vms",
      supported: true,
      consequence: "An object may have a vm_bo in each; closing one VM leaves the others'.",
    },
    {
      name: "kernel-chosen-address",
      supported: false,
      consequence:
        "Every mapping is made, and can be taken away, by name: nothing is left that only the kernel knows of.",
    },
    {
      name: "async-bind",
      supported: true,
      consequence: "A VMA goes at the unbind, but its object is held until the unbind's fence has signalled.",
    },
    {
      name: "bind-array",
      supported: true,
      consequence: "All binds of a call happen or none; until then new VMAs are taken back in reverse order.",
    },
    {
      name: "null-mapping",
      supported: true,
      consequence: "A VMA without object has no vm_bo, so it holds the VM itself.",
    },
    {
      name: "userptr",
      supported: true,
      consequence:
        "As a null mapping, with the program's own memory. It is not pinned: whoever takes it away waits for all work of the VM.",
    },
    {
      name: "unmap-all",
      supported: true,
      consequence: "A program can take an object away from a VM without knowing where it is.",
    },
    {
      name: "prefetch",
      supported: true,
      consequence: "What is mapped can be made resident ahead of its use.",
    },
    {
      name: "private-bo",
      supported: true,
      consequence:
        "Submits lock one reservation for all of them; a handle keeps the VM struct, and none can be exported.",
    },
    {
      name: "long-running",
      supported: true,
      consequence:
        "Work has no fences in the reservations; evictions preempt its queues, and VM_DESTROY is refused while there are any.",
    },
    {
      name: "fault-mode",
      supported: true,
      consequence: "An eviction clears the entries at once; nothing is bound before it is touched.",
    },
    {
      name: "evictable",
      supported: true,
      consequence: "A mapping holds the object, not its pages: they come back at the next submit.",
    },
    {
      name: "purgeable",
      supported: true,
      consequence:
        "A mapped object whose contents nobody wants may lose its pages for good; its addresses then read scratch, or fault.",
    },
    {
      name: "handle-close-unmaps",
      supported: false,
      consequence: "Memory stays until it is unmapped or the VM goes: a program that forgets keeps it.",
    },
  ],
};
