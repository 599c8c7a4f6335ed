import type { BoOwnership, RefEdge, RefKind, RefNode } from "@gpuvm/core";
import type { MsmRules } from "./rules.ts";

function edge(from: RefNode, to: RefNode, kind: RefKind, span: string, source: string): RefEdge {
  return { from, to, kind, span, source };
}

function some(from: RefNode, to: RefNode, kind: RefKind, span: string, source: string): RefEdge {
  return { ...edge(from, to, kind, span, source), some: true };
}

/** What no version does otherwise. */
const COMMON: readonly RefEdge[] = [
  edge("handle", "BO", "counted", "while open", "drm_gem_handle_create"),
  edge("dma_buf", "BO", "counted", "its life", "drm_gem_dmabuf_export"),
  some(
    "BO",
    "dma_buf",
    "counted",
    "exported or imported: until its last handle or framebuffer goes",
    "drm_gem_prime_handle_to_dmabuf, drm_gem_object_handle_put_unlocked",
  ),
  some("file", "dma_buf", "counted", "its prime table: until the handle goes", "drm_prime_add_buf_handle"),
  edge("framebuffer", "BO", "counted", "until RMFB, and counts as a handle", "drm_framebuffer_init"),
  edge(
    "device",
    "VM",
    "counted",
    "the display's and the GPU's, until the driver goes",
    "msm_kms_init_vm, msm_gpu_init",
  ),
  some(
    "device",
    "BO",
    "counted",
    "rings and what the GPU writes for the kernel, until the driver goes",
    "msm_gem_kernel_new",
  ),
  edge("file", "context", "counted", "until close", "context_init"),
  edge("file", "handle", "duty", "close closes every handle", "drm_gem_release"),
  edge("context", "VM", "counted", "from the first need", "msm_context_vm"),
  edge("context", "queue", "counted", "until closed", "msm_submitqueue_create"),
  edge("queue", "context", "counted", "its life", "msm_submitqueue_create"),
  edge("submit", "BO", "counted", "until retired", "submit_lookup_objects"),
  edge("submit", "queue", "counted", "until retired", "submit_create"),
  edge("submit", "VM", "weak", "held by queue and context", "submit_create"),
  edge("VM", "r_obj", "counted", "its life", "drm_gpuvm_init"),
  edge("BO", "pages", "duty", "unless evicted or purged", "get_pages, put_pages"),
  edge("VA", "PTE", "duty", "unmapped before it goes", "msm_gem_vma_unmap"),
];

/** VMAs and BOs since the conversion to GPUVM. */
const GPUVM: readonly RefEdge[] = [
  edge("VA", "vm_bo", "counted", "while linked", "drm_gpuva_link"),
  edge("VA", "VM", "counted", "while in the tree", "drm_gpuva_insert"),
  edge("vm_bo", "VM", "counted", "its life", "drm_gpuvm_bo_create"),
  edge("BO", "vm_bo", "weak", "gpuva.list", "drm_gpuvm_bo_obtain"),
  edge("VM", "VA", "weak", "the tree", "drm_gpuva_insert"),
  edge("VM", "vm_bo", "weak", "extobj and evict lists", "drm_gpuvm_bo_extobj_add"),
];

/** Before it. */
const OWNED: readonly RefEdge[] = [
  edge("BO", "VA", "duty", "the object owns its VMAs", "msm_gem_object.vmas"),
  edge("VA", "VM", "counted", "its life", "msm_gem_vma_new"),
  edge("VA", "BO", "weak", "its owner", "msm_gem_vma_new"),
];

/** Programs that opted in to VM_BIND. */
const VM_BIND: readonly RefEdge[] = [
  some("BO", "r_obj", "counted", "NO_SHARE: its life", "msm_gem_new"),
  edge(
    "bind_job",
    "BO",
    "counted",
    "each operation's until freed, each update's until done",
    "vm_op_enqueue",
  ),
  edge("bind_job", "queue", "counted", "until freed", "vm_bind_job_create"),
  edge("bind_job", "VM", "weak", "held by queue and context", "vm_bind_job_create"),
];

/** Every edge of a version. */
export function edgesOf(rules: MsmRules, boOwnership: BoOwnership): RefEdge[] {
  const { teardown, privateVms, vmBind, vmas, submitHoldsVmBo } = rules;
  const out = [...COMMON];
  if (vmBind && privateVms) out.push(...VM_BIND);
  if (vmas === "bo") return [...out, ...OWNED];
  out.push(...GPUVM);
  const counts = boOwnership === "hard";
  out.push(
    edge(
      "vm_bo",
      "BO",
      counts ? "counted" : "weak",
      "its life",
      counts ? "drm_gpuvm_bo_create" : "DRM_GPUVM_VA_WEAK_REF",
    ),
    edge("BO", "VA", "duty", "its free takes every VMA away", "msm_gem_free_object"),
  );
  if (submitHoldsVmBo) out.push(edge("submit", "vm_bo", "counted", "until retired", "submit_pin_objects"));
  if (rules.name === "vm-bind") {
    out.push(edge("VM", "VA", "duty", "file close empties it", "msm_gem_vm_close"));
    return out;
  }
  if (teardown.handleClose !== null)
    out.push(edge("handle", "VA", "duty", "its close takes the file's VMA away", "msm_gem_close"));
  if (teardown.retire)
    out.push(edge("submit", "VA", "duty", "the last one takes it away", "v4 02/40, reply"));
  return out;
}
