import { hex } from "@gpuvm/conformance";
import { type DrmGpuvm, DrmGpuvmBo, type Lock, Lockdep, RESV_CLASS, type Task } from "@gpuvm/core";
import type { MsmLog } from "../drv/log.ts";
import { MsmBo } from "../gem/bo.ts";
import type { RingJob, RingWork } from "../gpu/ring-job.ts";
import { MsmGemVm } from "../vma/vm.ts";

/** An event as the driver's own code told it. */
export type Event = string | readonly (string | number)[];

/** Numbers that a sequence gave to objects and VMs. */
export interface Names {
  /** Of an object, or null: nobody asked for it. */
  bo(bo: MsmBo): number | null;
  /** Of a VM. */
  vm(vm: DrmGpuvm): number;
  /** Of a file, where jobs are told. */
  slot(f: number): number;
}

/** What a job uses. */
type Used = Pick<RingWork, "bos" | "vm" | "cmdIova">;

/** What a job lists, and (-2) its commands, that no entry leads to. */
export function unmapped({ bos, vm, cmdIova }: Used, names: Names): number[] {
  const gone = bos.filter((bo) => !vm.pt.ptes.runs().some((run) => run.bo === bo));
  const lost = cmdIova !== null && !vm.managed && !vm.pt.maps(cmdIova);
  return [...gone.map((bo) => names.bo(bo) ?? -1000), ...(lost ? [-2] : [])];
}

/** Collects what happens between two answers. */
export class Recorder implements MsmLog {
  events: Event[] = [];
  freed: string[] = [];
  vmBosDestroyed = 0;
  readonly #names: Names;
  readonly #gone: WeakSet<object> = new WeakSet();

  constructor(names: Names) {
    this.#names = names;
  }

  /** Forgets what was collected. */
  reset(): void {
    this.events = [];
    this.freed = [];
    this.vmBosDestroyed = 0;
  }

  map(vm: MsmGemVm, iova: number, range: number): void {
    this.events.push(["vmmap", this.#names.vm(vm), hex(iova), hex(range)]);
  }

  unmap(vm: MsmGemVm, iova: number, range: number, reason: string): void {
    this.events.push(["vmunmap", this.#names.vm(vm), hex(iova), hex(range), reason]);
  }

  unmapPages(iova: number, pgsize: number, count: number): void {
    this.events.push(["unmap", hex(iova), pgsize, count]);
  }

  tlb(...calls: readonly string[]): void {
    this.events.push(...calls);
  }

  prealloc(count: number): void {
    this.events.push(["prealloc", count]);
  }

  preallocCleanup(count: number, used: number): void {
    this.events.push(["prealloc_cleanup", count, used]);
  }

  gpu(what: "run" | "done", job: RingJob): void {
    const { seqno, cmds, work } = job;
    if (what === "done") {
      this.events.push(["gpu", what, seqno]);
      return;
    }
    this.events.push(["gpu", what, seqno, this.#names.slot(work.file), cmds]);
    if (cmds === 0) return;
    for (const bo of unmapped({ ...work, cmdIova: null }, this.#names))
      this.events.push(["gpu", "unmapped at start", seqno, bo]);
  }

  /** Told of each end, in order (`DrmDevice.onFree`). */
  ended(what: object, resvOf: WeakMap<object, MsmGemVm>): void {
    const vm = resvOf.get(what);
    if (vm !== undefined) this.#resv(vm);
    else if (what instanceof DrmGpuvmBo) this.#link(what);
    else if (what instanceof MsmBo) this.#object(what);
    else if (what instanceof MsmGemVm) this.#vmGone(what);
  }

  /** The last reference of a VM is told before that of its resv object, which it puts. */
  #vmGone(vm: MsmGemVm): void {
    const name = `vm${this.#names.vm(vm)}`;
    if (!this.#gone.has(vm)) this.freed.push(name);
    this.#gone.add(vm);
  }

  #resv(vm: MsmGemVm): void {
    if (vm.refs === 0) this.#vmGone(vm);
    this.freed.push(`resv${this.#names.vm(vm)}`);
  }

  /** An object that is gone has no name any more. */
  #link({ vm, obj }: DrmGpuvmBo): void {
    this.vmBosDestroyed++;
    const bo = this.#gone.has(obj) ? null : this.#names.bo(obj as MsmBo);
    this.freed.push(`vm_bo(vm${this.#names.vm(vm)},bo${bo ?? -1000})`);
  }

  #object(bo: MsmBo): void {
    const name = this.#names.bo(bo);
    this.#gone.add(bo);
    if (name !== null) this.freed.push(`bo${name}`);
  }
}

/** Counts the locks that one task takes, by what they are. */
export class LockCounter extends Lockdep {
  /** Whose. */
  task: Task | null = null;
  resv = 0;
  queueAndLru = 0;

  override acquire(...args: Parameters<Lockdep["acquire"]>): void {
    const [task, lock] = args;
    if (task === this.task) this.count(lock);
    super.acquire(...args);
  }

  /** One more of this lock's kind. */
  count({ cls }: Lock): void {
    if (cls === RESV_CLASS) this.resv++;
    else if (cls === "msm_queue" || cls === "gem_lru") this.queueAndLru++;
  }
}
