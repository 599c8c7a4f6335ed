import type { Bo } from "./bo.ts";

/**
 * An object in a program's address space (`vm_area_struct` with `drm_gem_vm_open`, `drm_gem_vm_close`): holds the object until it is
 * unmapped, whatever becomes of the handle. Its page-table entries come with the first touch, and go when the driver takes the pages.
 */
export class CpuMapping {
  /** `mmap of bo#3`, for findings. */
  readonly name: string;
  /** What is mapped; counted. */
  readonly bo: Bo;
  /** Entries of the program's page tables lead to the object's pages. */
  present = false;

  /** Nothing was touched yet (`drm_gem_mmap_obj`). */
  constructor(bo: Bo) {
    this.name = `mmap of ${bo.name}`;
    this.bo = bo.get(this) as Bo;
    bo.cpuMappings ??= new Set();
    bo.cpuMappings.add(this);
  }

  /** The program unmaps it, or ends. */
  unmap(): void {
    this.present = false;
    const { bo } = this;
    bo.cpuMappings?.delete(this);
    if (bo.cpuMappings?.size === 0) bo.cpuMappings = null;
    bo.put(this);
  }
}

/** No entry of a program leads to the object's pages any more: the next touch is a fault (`drm_vma_node_unmap`). */
export function zapCpuMappings({ cpuMappings }: Bo): void {
  for (const mapping of cpuMappings ?? []) mapping.present = false;
}
