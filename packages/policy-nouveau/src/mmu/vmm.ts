import { EINVAL, ENOMEM, type Errno } from "@gpuvm/core";
import { type Bo, GpuView, type Machine, type PageTableCounts, type TlbCause } from "@gpuvm/drm-model";
import { type Desc, type Page, pageOf, type VmmFunc } from "./desc.ts";
import { PDE_SPARSE, Pt } from "./pt.ts";
import { sparseBlocks } from "./sparse-blocks.ts";
import { type Iter, refPtes, type Tables, unrefPtes, type Walk, walk } from "./walk.ts";

const GET: Walk = { ref: true, refPtes, write: null, cause: "table" };
const PUT: Walk = { ref: false, refPtes: unrefPtes, write: null, cause: "table" };

/** What nvkm does to page tables and the TLB, told as it happens. */
export type MmuEvent =
  | readonly ["flush", depth: number]
  | readonly ["table get" | "table put", bytes: number]
  | readonly ["map" | "unmap", pageBytes: number, ptes: number];

/** What a mapping leads to. */
export interface Backing {
  readonly bo: Bo | null;
  readonly offset: number;
}

/**
 * The page tables of one address space (`struct nvkm_vmm`), of the generation that `func` describes. Tables are there
 * from the first reference on one of their entries to the last; entries come and go meanwhile. Each call that writes
 * entries, makes a table or frees one flushes the whole TLB of the address space, and waits for it.
 */
export class Vmm implements Tables {
  readonly name: string;
  readonly func: VmmFunc;
  readonly machine: Machine;
  /** What the GPU sees. */
  readonly view: GpuView;
  /** The root (`vmm->pd`). */
  readonly pd: Pt;
  /** Programs manage it, and take references apart from mapping (`managed.raw`). */
  readonly raw: boolean;
  /** The file goes: what is flushed from here on, is because of that. */
  closing = false;
  readonly tell: ((event: MmuEvent) => void) | null;

  /** An empty address space with a root (`nvkm_vmm_ctor`). */
  constructor(
    machine: Machine,
    func: VmmFunc,
    name: string,
    raw: boolean,
    tell: ((event: MmuEvent) => void) | null = null,
  ) {
    this.machine = machine;
    this.func = func;
    this.name = name;
    this.raw = raw;
    this.tell = tell;
    this.view = new GpuView(machine, true);
    const { desc } = func.pages.at(-1) as Page;
    const root = desc.at(-1) as Desc;
    this.pd = new Pt(root, false);
    this.pd.refs[0] = 1;
    this.#allocated(root);
  }

  /** Entries written and tables made, for the machine's counts. */
  get counts(): PageTableCounts {
    return this.view.counts;
  }

  /** Takes references on the entries of a range (`nvkm_vmm_raw_get`); -ENOMEM, and nothing has changed. */
  get(addr: number, size: number, shift: number): Errno {
    const page = this.#page(shift);
    const failed = walk(this, page, addr, size, GET);
    if (failed === null) return 0;
    if (failed !== addr) this.put(addr, failed - addr, shift);
    return -ENOMEM;
  }

  /** Drops references on the entries of a range (`nvkm_vmm_raw_put`). */
  put(addr: number, size: number, shift: number): void {
    walk(this, this.#page(shift), addr, size, PUT);
  }

  /** Writes the entries of a range that is referenced (`nvkm_vmm_raw_map`). */
  map(addr: number, size: number, shift: number, to: Backing): void {
    // What is written over may be in the TLB until the walk's flush.
    const page = this.#page(shift);
    this.#mapped(addr, size, page, to);
    walk(this, page, addr, size, this.#map);
  }

  /**
   * Clears the entries of a range, or makes them read as zero (`nvkm_vmm_raw_unmap`). Both are one pass over the range at
   * its page size.
   */
  unmap(addr: number, size: number, shift: number, sparse: boolean): void {
    const page = this.#page(shift);
    this.#unmapped(addr, size, page, sparse);
    walk(this, page, addr, size, this.#unmap);
  }

  /** Both at once, in one walk, where programs do not manage addresses (`nvkm_vmm_ptes_get_map`). */
  getMap(addr: number, size: number, shift: number, to: Backing): Errno {
    if (this.raw) {
      const ret = this.get(addr, size, shift);
      if (ret === 0) this.map(addr, size, shift, to);
      return ret;
    }
    const page = this.#page(shift);
    const failed = walk(this, page, addr, size, this.#getMap);
    if (failed === null) {
      this.#mapped(addr, size, page, to);
      return 0;
    }
    if (failed !== addr) this.unmapPut(addr, failed - addr, shift);
    return -ENOMEM;
  }

  /**
   * Both at once (`nvkm_vmm_ptes_unmap_put`). Where programs do not manage addresses, a table that goes is not written
   * before.
   */
  unmapPut(addr: number, size: number, shift: number): void {
    if (this.raw) {
      this.unmap(addr, size, shift, false);
      this.put(addr, size, shift);
      return;
    }
    const page = this.#page(shift);
    this.#unmapped(addr, size, page, false);
    walk(this, page, addr, size, this.#unmapPut);
  }

  /**
   * A range reads as zero where nothing is mapped, from here on, or no more (`nvkm_vmm_raw_sparse`).
   *
   * @returns 0; -EINVAL if the hardware cannot do that; -ENOMEM, and nothing has changed
   */
  sparse(addr: number, size: number, on: boolean): Errno {
    for (const { page, at, bytes } of sparseBlocks(this.func, addr, size)) {
      if (!page.sparse) return -EINVAL;
      if (!on) this.#sparsePut(page, at, bytes);
      else if (!this.#sparseGet(page, at, bytes)) {
        for (const done of sparseBlocks(this.func, addr, at - addr))
          this.#sparsePut(done.page, done.at, done.bytes);
        return -ENOMEM;
      }
    }
    return 0;
  }

  /** The root goes (`nvkm_vmm_dtor`). */
  fini(): void {
    const { desc } = this.func.pages.at(-1) as Page;
    this.putTable(desc.at(-1) as Desc);
    this.view.forget();
  }

  /** Whether anybody still has references on entries. */
  get referenced(): boolean {
    return this.pd.refs[0] > 1;
  }

  /** A table for a level (`nvkm_mmu_ptc_get`); false: no memory. */
  getTable(desc: Desc): boolean {
    if (!this.machine.dev.mayAlloc("nouveau page table")) return false;
    this.#allocated(desc);
    return true;
  }

  /** A table goes (`nvkm_mmu_ptc_put`). */
  putTable(desc: Desc): void {
    const { bytes } = desc;
    this.counts.freed(1, bytes);
    this.tell?.(["table put", bytes]);
  }

  /** The TLB forgets what it has of this address space, of whatever depth (`gf100_vmm_flush`, `gp100_vmm_flush`). */
  flush(depth: number, cause: TlbCause): void {
    this.view.flush(this.closing ? "close" : cause);
    this.tell?.(["flush", depth]);
  }

  #allocated(desc: Desc): void {
    const { bytes } = desc;
    this.counts.allocated(1, bytes);
    this.tell?.(["table get", bytes]);
  }

  #page(shift: number): Page {
    const page = pageOf(this.func, shift);
    if (page === undefined) throw new RangeError(`${this.func.name} has no pages of 2^${shift} bytes`);
    return page;
  }

  readonly #wrote = (it: Iter, _ptei: number, ptes: number): void => {
    const { bytes } = it.page;
    this.counts.wrote(bytes, ptes);
    this.tell?.(["map", bytes, ptes]);
  };

  readonly #cleared = (it: Iter, _ptei: number, ptes: number): void => {
    const { bytes } = it.page;
    this.counts.cleared(bytes, ptes);
    this.tell?.(["unmap", bytes, ptes]);
  };

  readonly #map: Walk = { ref: false, refPtes: null, write: this.#wrote, cause: "map" };
  readonly #unmap: Walk = { ref: false, refPtes: null, write: this.#cleared, cause: "unmap" };
  readonly #getMap: Walk = { ref: true, refPtes, write: this.#wrote, cause: "map" };
  readonly #unmapPut: Walk = {
    ref: false,
    refPtes: (it, ptei, ptes) => {
      if (unrefPtes(it, ptei, ptes)) return true;
      const { bytes } = it.page;
      this.counts.dropped(bytes, ptes);
      this.tell?.(["unmap", bytes, ptes]);
      return false;
    },
    write: this.#cleared,
    cause: "unmap",
  };

  #mapped(addr: number, size: number, { bytes }: Page, { bo, offset }: Backing): void {
    // What was there is written over: zero pages, or the same object's pages in another place.
    this.view.clear(addr, size, "later");
    this.view.write({ start: addr, end: addr + size, bo, offset, pageSize: bytes, generation: 0 });
    this.machine.counts.ptMaps++;
  }

  #unmapped(addr: number, size: number, { bytes }: Page, sparse: boolean): void {
    const gone = this.view.clear(addr, size);
    if (gone.length > 0) this.machine.counts.ptUnmaps++;
    if (sparse) this.view.write({ start: addr, end: addr + size, bo: null, offset: 0, pageSize: bytes });
  }

  /** `nvkm_vmm_ptes_sparse_get`. */
  #sparseGet(page: Page, addr: number, size: number): boolean {
    const { bytes } = page;
    const failed = walk(this, page, addr, size, {
      ref: true,
      refPtes: (it, ptei, ptes) => {
        const { pde } = it.pt[0] as Pt;
        for (let i = 0; pde !== null && i < ptes; i++) pde.set(ptei + i, PDE_SPARSE);
        return refPtes(it, ptei, ptes);
      },
      write: (_it, _ptei, ptes) => this.counts.wrote(bytes, ptes),
      cause: "map",
    });
    if (failed !== null) {
      if (failed !== addr) this.#sparsePut(page, addr, failed - addr);
      return false;
    }
    this.view.write({ start: addr, end: addr + size, bo: null, offset: 0, pageSize: bytes });
    return true;
  }

  /** `nvkm_vmm_ptes_sparse_put`. */
  #sparsePut(page: Page, addr: number, size: number): void {
    const { bytes } = page;
    this.view.clear(addr, size);
    walk(this, page, addr, size, {
      refPtes: (it, ptei, ptes) => {
        const { pde } = it.pt[0] as Pt;
        for (let i = 0; pde !== null && i < ptes; i++) pde.delete(ptei + i);
        return unrefPtes(it, ptei, ptes);
      },
      write: (_it, _ptei, ptes) => this.counts.cleared(bytes, ptes),
      ref: false,
      cause: "unmap",
    });
  }
}
