/** One version of the driver: which of its defects it still has. Each is a number of the catalogue of real bugs. */
export interface PvrVariant {
  /** Name of the variant. */
  readonly name: string;
  /** Kernel versions that it models. */
  readonly models: string;
  /**
   * - `P2`: the file's close leaves mappings to a VM that its contexts' fences keep alive (before b04ce1e718bd,
   *   CVE-2024-53084).
   * - `P3`: an unmap takes any range, and edits lists of objects whose dma_resv it does not hold (before a5c4c3ba95a5).
   * - `P4`: an unlinked VA is never freed (before 3f6b2f60b463).
   * - `P5`: the pieces of a remap are linked to the vm_bo of the new object, and each takes a reference on the old one
   *   that nobody puts.
   * - `P6`: the last put of a fence lets its context go at once, under whatever locks it happens (before df1a1ed5e1bd).
   * - `P7`: an error of the page tables is forgotten: the VA is there, its entries are not.
   * - `P8`: the fragment job of a pair does not hold the geometry job (before 4ba2abe154ef, CVE-2025-37763).
   * - `P9`: a job's fence is initialised each time the job is prepared (before 68c3de7f707e).
   */
  readonly defects: ReadonlySet<string>;
}

/** Every variant. 7.3.4 differs from 6.12.117 in names only. */
export const VARIANTS: readonly PvrVariant[] = [
  { name: "mainline", models: "Linux 6.12.117 and 7.3.4", defects: new Set() },
  {
    name: "6.11",
    models: "Linux 6.11, before the reference loop was broken",
    defects: new Set(["P2", "P3", "P4", "P5"]),
  },
];
