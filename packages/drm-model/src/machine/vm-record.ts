import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_REMAP,
  DRM_GPUVA_OP_UNMAP,
  type DrmGpuvm,
  type DrmGpuvmBo,
  type Gpuva,
  type GpuvaOp,
  gpuvaObj,
} from "@gpuvm/core";
import type { Bo } from "../memory/bo.ts";
import type { GpuView } from "../memory/gpu-view.ts";

/** How often each step was answered. */
export interface StepCounts {
  /** Mappings made. */
  map: number;
  /** Mappings taken away whole. */
  unmap: number;
  /** Mappings cut. */
  remap: number;
}

/**
 * What is known of one VM: its tree, its page table, and the steps that the core answered, those to requests apart
 * from those of a teardown.
 */
export class VmRecord {
  /** The DRM file, or -1 for the kernel's own. */
  readonly file: number;
  /** The program's number for it, or null where a file has only one. */
  readonly id: number | null;
  /** `program`, or what the kernel uses it for: `scanout`, `kernel`. */
  readonly purpose: string;
  /** The tree. */
  readonly vm: DrmGpuvm;
  /** What the GPU sees. */
  readonly pt: GpuView;
  /** Steps that answered the program's requests. */
  readonly steps: StepCounts = { map: 0, unmap: 0, remap: 0 };
  /** Steps of teardowns: handle close, VM destroy, file close. */
  readonly teardown: StepCounts = { map: 0, unmap: 0, remap: 0 };
  /** Pieces that remaps left before and behind requests. */
  prevPieces = 0;
  /** See {@link VmRecord.prevPieces}. */
  nextPieces = 0;
  /** Steps with the keep hint. */
  kept = 0;
  /** Most mappings at once. */
  peakMappings = 0;
  /** Bytes mapped now, and at most. */
  bytesMapped = 0;
  /** See {@link VmRecord.bytesMapped}. */
  bytesMappedPeak = 0;
  /** Mappings when the program's requests ended, before any teardown of the file; null until then. */
  finalMappings: number | null = null;
  /** Mappings in the tree that the driver made for itself, of its own objects beside the program's; the driver keeps this. */
  internal = 0;
  /** Entries come with the GPU's faults, and not with the mappings. */
  lazy = false;
  /** Entries follow the tree in jobs that no call waits for. */
  late = false;
  /** An eviction leaves the entries: nothing runs in the VM before they are written again. */
  keepsEntries = false;
  /** Whether the driver knows that a mapping has no entries now, although its object may have its pages; null: never. */
  absent: ((va: Gpuva) => boolean) | null = null;
  /** The page tables are not to be trusted any more, and the driver knows it. */
  broken = false;
  #freed = false;

  /** A VM that was just made. */
  constructor(file: number, id: number | null, vm: DrmGpuvm, pt: GpuView, purpose = "program") {
    this.file = file;
    this.id = id;
    this.vm = vm;
    this.pt = pt;
    this.purpose = purpose;
  }

  /** The VM was freed, and its page tables with it. */
  get freed(): boolean {
    return this.#freed;
  }

  set freed(freed: boolean) {
    if (freed && !this.#freed) this.pt.end(this.vm.name);
    this.#freed = freed;
  }

  /** `f0/vm2`; `f0/vmNone` where a file has only one VM. */
  get key(): string {
    return `f${this.file}/vm${this.id ?? "None"}`;
  }

  /** Mappings now, without the kernel node. */
  get mappings(): number {
    return this.vm.mappings - (this.vm.kernelNode === 0 ? 0 : 1);
  }

  /** Mappings now that answer the program's requests. */
  get programMappings(): number {
    return this.mappings - this.internal;
  }

  /** What is wrong with the entries of a mapping whose object has its pages; null: nothing. */
  entriesWrong(va: Gpuva): string | null {
    const { vas } = this.vm;
    const obj = gpuvaObj(this.vm, va);
    if (obj !== null && (obj as Bo).pages !== "resident") return null;
    // An object that is mapped again and again has no one offset.
    const wraps = obj !== null && vas.offset(va) + vas.range(va) > obj.size;
    return this.entriesDiffer(va, !wraps);
  }

  /** What the driver takes for granted of a mapping and its entries, where it says which have none; null: nothing wrong. */
  takenForMapped(va: Gpuva): string | null {
    const { vas } = this.vm;
    const obj = gpuvaObj(this.vm, va);
    if (this.absent === null || obj === null || this.absent(va)) return null;
    for (let at = vas.addr(va); at < vas.end(va); ) {
      const run = this.pt.ptes.at(at);
      if (run === null) return `0x${at.toString(16)} has no entry, and the driver takes it to have one`;
      at = run.end;
    }
    return null;
  }

  /** Where the entries of a mapping say other than the tree; `offsets`: which page of the object counts, too. */
  entriesDiffer(va: Gpuva, offsets: boolean): string | null {
    const { vas } = this.vm;
    const obj = gpuvaObj(this.vm, va);
    const end = vas.end(va);
    for (let at = vas.addr(va); at < end; ) {
      const run = this.pt.ptes.at(at);
      const where = `0x${at.toString(16)}`;
      if (run === null) return `${where} is mapped in the tree, but not in the page tables`;
      if (run.bo !== obj) return `${where} leads to another object than the tree says`;
      const offset = run.offset + (at - run.start);
      if (obj !== null && offsets && offset !== vas.offset(va) + (at - vas.addr(va)))
        return `${where} leads to another page than the tree says`;
      at = run.end;
    }
    return null;
  }

  /** What the GPU would see of a mapping other than the pages that its object has now; null: nothing. */
  seesOld(va: Gpuva): string | null {
    const { vas } = this.vm;
    const [start, end] = [vas.addr(va), vas.end(va)];
    for (let at = start; at < end; ) {
      const run = this.pt.ptes.at(at);
      if (run === null) break;
      if (run.bo !== null && run.generation !== run.bo.generation)
        return `0x${at.toString(16)} leads to a page that ${run.bo.name} has given back`;
      if (run.user?.gone === true)
        return `0x${at.toString(16)} leads to ${run.user.name}, which are given back`;
      at = run.end;
    }
    return this.pt.translatesOld(start, end);
  }

  /** Whether any mapping of a link has an entry that leads to its object. */
  leadsTo(vmBo: DrmGpuvmBo): boolean {
    const { vas } = this.vm;
    for (let va = vmBo.vaHead; va !== 0; va = vas.next(va)) {
      const runs = this.pt.ptes.runs();
      const first = runs[this.pt.ptes.firstEndingAfter(vas.addr(va))];
      if (first !== undefined && first.start < vas.end(va) && first.bo === vmBo.obj) return true;
    }
    return false;
  }

  /** Counts one step that answers a request of the program. Call it before the step is applied. */
  step(op: GpuvaOp): void {
    const { vm } = this;
    if (op.op === DRM_GPUVA_OP_MAP) {
      this.steps.map++;
      this.#grow(op.map.range);
    } else if (op.op === DRM_GPUVA_OP_UNMAP) {
      this.steps.unmap++;
      if (op.unmap.keep) this.kept++;
      this.bytesMapped -= vm.vas.range(op.unmap.va);
    } else if (op.op === DRM_GPUVA_OP_REMAP) {
      const { prev, next, unmap } = op.remap;
      this.steps.remap++;
      if (unmap.keep) this.kept++;
      this.bytesMapped -= vm.vas.range(unmap.va);
      if (prev !== null) this.prevPieces++;
      if (next !== null) this.nextPieces++;
      this.#grow((prev?.range ?? 0) + (next?.range ?? 0));
    }
  }

  /** Counts a mapping that the driver made by itself: an implicit map. */
  mapped(bytes: number): void {
    this.steps.map++;
    this.#grow(bytes);
  }

  /** Counts a mapping that the driver took away by itself. */
  torn(bytes: number): void {
    this.teardown.unmap++;
    this.bytesMapped -= bytes;
  }

  /** Notes the mappings after a request was applied. */
  applied(): void {
    const { programMappings } = this;
    if (programMappings > this.peakMappings) this.peakMappings = programMappings;
  }

  /** What was counted of requests, to be given back if they are undone. */
  save(): readonly number[] {
    const { steps } = this;
    return [
      steps.map,
      steps.unmap,
      steps.remap,
      this.prevPieces,
      this.nextPieces,
      this.kept,
      this.peakMappings,
      this.bytesMapped,
      this.bytesMappedPeak,
    ];
  }

  /** Requests counted since {@link VmRecord.save} were undone. Nobody else changed the VM meanwhile. */
  restore(saved: readonly number[]): void {
    const { steps } = this;
    [
      steps.map = 0,
      steps.unmap = 0,
      steps.remap = 0,
      this.prevPieces = 0,
      this.nextPieces = 0,
      this.kept = 0,
      this.peakMappings = 0,
      this.bytesMapped = 0,
      this.bytesMappedPeak = 0,
    ] = saved;
  }

  #grow(bytes: number): void {
    this.bytesMapped += bytes;
    if (this.bytesMapped > this.bytesMappedPeak) this.bytesMappedPeak = this.bytesMapped;
  }
}
