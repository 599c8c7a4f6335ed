import type { DrmDevice, DrmGpuvmBo, Gpuva } from "@gpuvm/core";
import type { Counts } from "@gpuvm/drm-model";
import type { PanthorBo } from "../gem/bo.ts";

/** Why an operation is done: for a program, for the driver itself, or to take a VM down. */
export type OpReason = "program" | "internal" | "teardown";

/**
 * Everything an operation may need, allocated before it starts (`struct panthor_vm_op_ctx`): it runs in the
 * fence-signalling path, where nothing can be allocated or freed. From its preparation to its cleanup it holds the
 * object with a pin (from 7.x on) and the vm_bo.
 */
export class OpCtx {
  /** What it does. */
  readonly type: "map" | "unmap" | "sync";
  /** For whom. */
  readonly reason: OpReason;
  /** First address. */
  readonly va: number;
  /** Bytes. */
  readonly range: number;
  /** VA flags of a new mapping. */
  readonly flags: number;
  /** The object. From 7.x on with a reference and a pin of this context. */
  bo: PanthorBo | null = null;
  /** Offset into the object. */
  boOffset = 0;
  /** The link of VM and object; counted. */
  vmBo: DrmGpuvmBo | null = null;
  /** Entries were cleared for it. */
  cleared = false;
  /** Pages for tables (`rsvd_page_tables`): got, and used. */
  readonly tables: { count: number; used: number } = { count: 0, used: 0 };
  // VAs not used yet. Their numbers make no state of their own.
  readonly #vas: Gpuva[] = [];
  /** Dead VMAs that still hold their vm_bo (6.12). */
  readonly returned: { va: Gpuva; vmBo: DrmGpuvmBo }[] = [];
  readonly #serial: number;

  /** Nothing is allocated yet. */
  constructor(dev: DrmDevice, type: OpCtx["type"], reason: OpReason, va = 0, range = 0, flags = 0) {
    this.type = type;
    this.reason = reason;
    this.va = va;
    this.range = range;
    this.flags = flags;
    this.#serial = dev.ledger === null ? 0 : dev.serial();
  }

  /** `bind_job#5`. */
  get name(): string {
    return `bind_job#${this.#serial}`;
  }

  /** A page for a table (`alloc_pt`); false: more are needed than were reserved. */
  takeTable(): boolean {
    if (this.tables.used === this.tables.count) return false;
    this.tables.used++;
    return true;
  }

  /** A preallocated VA (`panthor_vm_op_ctx_get_vma`). */
  takeVa(counts: Counts): Gpuva {
    counts.vasCreated++;
    const va = this.#vas.pop();
    if (va === undefined) throw new TypeError("panthor_vm_op_ctx_get_vma has no VMA left: a null pointer");
    return va;
  }

  /** Keeps a VA for later. */
  keepVa(va: Gpuva): void {
    this.#vas.push(va);
  }

  /** A VA that was not used; undefined: there is none left. */
  leftVa(): Gpuva | undefined {
    return this.#vas.pop();
  }
}
