import { type DrmGemObject, DrmGpuvm, DrmGpuvmBo } from "@gpuvm/core";

/** The numbers that requests and answers give to objects and VMs. */
export class Names {
  readonly objects: Map<DrmGemObject, number> = new Map();
  readonly vms: Map<DrmGpuvm, number> = new Map();
  readonly resvs: Map<DrmGemObject, number> = new Map();

  /** Gives a VM its number, and its resv object the same. */
  vm(gpuvm: DrmGpuvm, id: number): void {
    this.vms.set(gpuvm, id);
    this.resvs.set(gpuvm.rObj, id);
  }

  /** As answers name what was freed: `bo1`, `vm1`, `resv1`, `vm_bo(vm1,bo1)`; null: what answers are silent of. */
  of(what: DrmGemObject | DrmGpuvmBo | DrmGpuvm): string | null {
    if (what instanceof DrmGpuvmBo)
      return `vm_bo(vm${this.vms.get(what.vm)},bo${this.objects.get(what.obj)})`;
    if (what instanceof DrmGpuvm) return this.vms.has(what) ? `vm${this.vms.get(what)}` : null;
    const resv = this.resvs.get(what);
    if (resv !== undefined) return `resv${resv}`;
    const bo = this.objects.get(what);
    return bo === undefined || bo < 0 ? null : `bo${bo}`;
  }
}
