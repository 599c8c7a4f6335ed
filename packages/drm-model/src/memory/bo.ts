import {
  type DmaFence,
  DrmGemObject,
  type GemFuncs,
  type GemOptions,
  gemVmBos,
  type Lock,
} from "@gpuvm/core";
import type { ExportedBuffer, RunningJob, Surroundings } from "./surroundings.ts";

/** Where an object's pages are. */
export type PageState = "none" | "resident" | "evicted" | "purged";

/** How a buffer object is made. */
export interface BoOptions extends GemOptions {
  /** Bytes; a multiple of 4096. */
  readonly size: number;
  /** It came in as a dma-buf of another driver. */
  readonly imported?: boolean;
  /** Known of this object: see {@link Bo.contiguity}. Default: as the machine's options say. */
  readonly contiguity?: number | undefined;
  /** What the driver's objects are where nobody says otherwise; default 4096. See {@link Bo.contiguity}. */
  readonly usualContiguity?: number;
}

/**
 * A buffer object with what every driver keeps of one: handles, dma-bufs, pages. Drivers extend it.
 *
 * # Invariants
 * `ptes` is the number of page-table entries, in all VMs, that lead to its pages; 0 when the pages go.
 */
export class Bo extends DrmGemObject {
  /** The machine it lives on. */
  readonly machine: Surroundings;
  /** Handles, over all files; with {@link Bo.framebuffers} the kernel's `handle_count`. */
  handles = 0;
  /** Framebuffers over it, which count as handles do. */
  framebuffers = 0;
  /** Dma-bufs of it that are not released. */
  dmaBufs = 0;
  /** The dma-buf that it was exported as, or came in as, counted until its last handle goes (`dma_buf`). */
  dmaBuf: ExportedBuffer | null = null;
  /** The foreign dma-buf that it was made for, counted until its end (`import_attach`). */
  importAttach: ExportedBuffer | null = null;
  /** It came in as a dma-buf of another driver: not ours to evict or to export. */
  readonly imported: boolean;
  /**
   * How its memory lies: bytes of each physically contiguous piece of it, aligned to its own size, a power of two from
   * 4096 on. 4096: no two pages follow each other. 2 MiB: huge folios. Infinity: one piece. It decides how much one
   * page-table entry can cover.
   */
  readonly contiguity: number;
  /** Where its pages are. */
  pages: PageState = "none";
  /** Which of the pages that it had these are: entries of an earlier number lead to what it has given back. */
  generation = 0;
  /** A copy to other memory that is under way, and the jobs that it waits for, on a machine that watches; null: none. */
  moving: { readonly copied: DmaFence; readonly users: readonly RunningJob[] } | null = null;
  /** Its reservation object is another object's, which outlives it. */
  readonly sharesResv: boolean;
  /** Pins: pages must stay. */
  pins = 0;
  /** Page-table entries that lead to its pages. */
  ptes = 0;
  /** Page tables of which the GPU may have entries in its TLB that lead here, on a machine that watches. */
  cachedBy: Set<object> | null = null;
  /** Where programs have it mapped for the CPU; null: nowhere yet. */
  cpuMappings: Set<{ present: boolean }> | null = null;
  /** The program said that it does not need the contents. */
  purgeable = false;
  /** @internal */
  retained = false;
  #memories = 0;

  /** A new object with one reference. */
  constructor(machine: Surroundings, options: BoOptions) {
    super(machine.dev, options.funcs === undefined ? { ...options, funcs: plainFree } : options);
    this.machine = machine;
    this.imported = options.imported ?? false;
    this.sharesResv = options.resv !== undefined;
    this.contiguity = contiguityOf(
      options.contiguity ?? machine.options.contiguity ?? options.usualContiguity ?? 4096,
    );
    machine.memory.born(this);
    if (machine.auditing) machine.note(this.name, `created, ${options.size} bytes`);
  }

  /** Its pages are taken, by memory pressure: nothing may lead to them, and no job may use them. */
  takePages(left: "evicted" | "purged"): void {
    this.pages = left;
    this.otherMemory();
    if (this.pins > 0)
      this.machine.hazard("use-after-free", this.name, `${this.name} is ${left} although it is pinned`);
    for (const { present } of this.cpuMappings ?? []) {
      if (!present) continue;
      const what = `${this.name} is ${left} while a program's page tables lead to its pages`;
      this.machine.hazard("use-after-free", this.name, what);
      break;
    }
    if (this.machine.options.watch === true) pagesGo(this, left);
  }

  /**
   * Its memory is another from now on, still in the GPU's reach: entries are out of date until they are written again.
   *
   * @returns the number of the memory that it had: to be put back if it stays there
   */
  otherMemory(): number {
    const before = this.generation;
    this.generation = ++this.#memories;
    return before;
  }

  /** The GPU copies it to other memory, behind the jobs that use it now. No other job may begin before `copied` signals. */
  moves(copied: DmaFence): void {
    const { machine } = this;
    if (copied.signaled) {
      this.otherMemory();
      return;
    }
    if (machine.options.watch === true) {
      const users = [...machine.inUse].filter((job) => job.loses(this, "evicted"));
      this.moving = { copied, users };
    }
    copied.onSignal(() => {
      this.otherMemory();
      if (this.moving?.copied === copied) this.moving = null;
    });
  }

  /** Whether a program can still name it. */
  get reachable(): boolean {
    return this.handles > 0 || this.dmaBufs > 0;
  }
}

function contiguityOf(bytes: number): number {
  if (
    bytes === 4096 ||
    bytes === Number.POSITIVE_INFINITY ||
    (bytes >= 4096 && Number.isInteger(Math.log2(bytes)))
  )
    return bytes;
  throw new RangeError(`contiguity is ${bytes}; give a power of two from 4096 on, or Infinity`);
}

/** What freeing a BO means where the driver adds nothing. */
const plainFree: GemFuncs = { free: (obj) => releaseBo(obj as Bo) };

/**
 * The end of an object: its pages go. Finds what still leads to them. Every driver's free hook ends with it
 * (`drm_gem_object_release`).
 *
 * @param resvCounts whoever holds its reservation object has a count of the memory that it lies in (`ttm_buffer_object.kref`)
 */
export function releaseBo(bo: Bo, resvCounts = false): void {
  const { machine } = bo;
  if (bo.ptes > 0) {
    machine.hazard(
      "stale-pte",
      bo.name,
      `${bo.name} is freed while ${bo.ptes} page-table entries lead to its pages`,
    );
  }
  if (bo.pins > 0) machine.hazard("leak", bo.name, `${bo.name} is freed with ${bo.pins} pins`);
  else if (bo.pins < 0)
    machine.hazard(
      "count-underflow",
      bo.name,
      `${bo.name} is freed, and was unpinned more often than pinned`,
    );
  if (machine.options.watch === true) pagesGo(bo, "freed");
  heldAtEnd(bo, resvCounts || bo.sharesResv ? [bo.gpuvaLock] : [bo.gpuvaLock, bo.resv]);
  if (bo.gpuva.length > 0) {
    const links = gemVmBos(bo)
      .toArray()
      .map((vmBo) => vmBo.name);
    machine.hazard("dangling-list", bo.name, `${bo.name} is freed while linked to VMs: ${links.join(", ")}`);
  }
  bo.pages = "none";
  machine.memory.died(bo);
  if (machine.auditing) machine.note(bo.name, "freed");
}

/** Whoever holds a lock of an object gives it back in memory that is somebody else's by then. */
function heldAtEnd(bo: Bo, locks: readonly Lock[]): void {
  for (const lock of locks) {
    if (lock.owner === null) continue;
    bo.machine.hazard(
      "lock-rule",
      bo.name,
      `${bo.name} is freed while ${lock.owner.name} holds ${lock.name}`,
    );
  }
}

/** The pages of an object are given to somebody else. */
function pagesGo(bo: Bo, how: "evicted" | "purged" | "freed"): void {
  const { machine } = bo;
  for (const job of machine.inUse) {
    if (!job.loses(bo, how)) continue;
    const what = `${bo.name} is ${how} while a job that uses it runs${job.believed}`;
    machine.hazard("use-after-free", bo.name, what);
    break;
  }
  if (bo.cachedBy !== null && bo.cachedBy.size > 0) {
    machine.hazard("stale-tlb", bo.name, `${bo.name} is ${how} before the TLB has forgotten its entries`);
  }
  if (how === "freed" || bo.ptes === 0) return;
  for (let node = gemVmBos(bo).head; node !== null; node = node.next) {
    const record = machine.vms.find(({ vm }) => vm === node.owner.vm);
    if (record === undefined || record.keepsEntries || !record.leadsTo(node.owner)) continue;
    machine.hazard("stale-pte", bo.name, `${bo.name} is ${how} while page-table entries lead to its pages`);
    break;
  }
}
