import { type DmaFence, type DmaFenceCb, ECANCELED, type Errno, type Steps } from "@gpuvm/core";
import {
  type Bo,
  type GpuUse,
  type InUse,
  lockBriefly,
  Marks,
  type NamingJob,
  noteUse,
  type Process,
  unlock,
} from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import type { MsmBo } from "../gem/bo.ts";
import { unpinObj } from "../gem/pages.ts";
import { underLru } from "../gem/under-lru.ts";
import type { MsmGemVm, MsmVmBo } from "../vma/vm.ts";
import type { MsmQueue } from "./queue.ts";
import { destroy, retire } from "./retire.ts";
import type { MsmRing } from "./ring.ts";
import type { RingWork } from "./ring-job.ts";
import type { SchedJob } from "./sched.ts";

const NO_FENCES: readonly DmaFence[] = [];

/**
 * A submit (`struct msm_gem_submit`): holds its objects, and in some versions their vm_bos, from the lookup until it
 * retires, and its queue, by which the context and the VM live as long.
 */
export class MsmSubmit implements DmaFenceCb, GpuUse, NamingJob, RingWork, SchedJob {
  /** Unique on its device. */
  readonly id: number;
  /** Counted. */
  readonly queue: MsmQueue;
  /** Not counted: queue and context hold it. */
  readonly vm: MsmGemVm;
  /** Listed objects, counted. */
  bos: MsmBo[] = [];
  /** Which of them are written. */
  readonly writes: Marks = new Marks();
  /** Their links to the VM, counted; null where this version does not hold them, or the submit failed before. */
  readonly vmBos: (MsmVmBo | null)[] = [];
  /** Address of its commands, where a program that manages addresses tells it; else null. */
  cmdIova: number | null = null;
  /** Its objects' pages are pinned. */
  pinned = false;
  /** Signals when the GPU is done; null before it is armed. */
  fence: DmaFence | null = null;
  /** The program's number of the fence. */
  number = 0;
  /** What it waits for. */
  after: readonly DmaFence[] = NO_FENCES;
  cmds = 0;
  /** The scheduler's reference on the submit goes in a worker of its own. */
  readonly freesAlone: boolean;
  /** Who made the call (`pid`). */
  readonly submitter: Process;
  /** So many of its objects are used. */
  #active = 0;
  readonly #watched: boolean;
  readonly #msm: Msm;
  #onGpu = false;
  #noted: InUse | undefined;

  /** A submit that holds its queue (`submit_create`). */
  constructor(msm: Msm, queue: MsmQueue, vm: MsmGemVm, submitter: Process) {
    this.id = msm.dev.serial();
    this.queue = queue.get(this);
    this.vm = vm;
    this.submitter = submitter;
    this.#watched = msm.machine.options.watch === true;
    // msm_job_free. While schedules are explored its reference goes with the retire worker's: one worker less.
    this.freesAlone = !msm.dev.stepping;
    this.#msm = msm;
  }

  get file(): number {
    return this.queue.ctx.file;
  }

  get finished(): DmaFence {
    return this.fence as DmaFence;
  }

  get uses(): GpuUse {
    return this;
  }

  /** `submit#12`, for findings. */
  get name(): string {
    return `submit#${this.id}`;
  }

  /** Notes for the model's audit that the GPU will use the next listed object in the VM; a machine that watches knows more. */
  usesNext(): void {
    if (this.#watched) return;
    if (this.#active++ === 0) this.vm.pt.naming.add(this);
  }

  /** See `NamingJob`. */
  names(bo: Bo): boolean {
    const at = this.bos.indexOf(bo as MsmBo);
    return at >= 0 && at < this.#active;
  }

  /** The GPU does not use the objects any more. */
  #idle(): void {
    if (this.#active > 0) this.vm.pt.naming.delete(this);
    this.#active = 0;
  }

  /** The fence and its number are given out (`drm_sched_job_arm`). */
  arm(fence: DmaFence, number: number | undefined): void {
    const { queue } = this;
    this.fence = fence;
    this.number = number ?? queue.lastFence + 1;
    queue.lastFence = Math.max(queue.lastFence, this.number);
    queue.fences.set(this.number, fence);
    queue.lastSubmit = fence;
  }

  /** Armed, but it will not run: whoever waits is let go. */
  abort(): void {
    this.fence?.sched?.scheduled.signal(-ECANCELED);
    this.fence?.signal(-ECANCELED);
    this.#idle();
  }

  /** The GPU turns to it (`GpuUse`). */
  starts(): void {
    this.#onGpu = true;
    this.#noted?.starts();
  }

  /** The GPU has left it, done or not. */
  stops(): void {
    this.#onGpu = false;
    this.#noted?.stops();
    this.#idle();
  }

  /** Queues it behind what it waits for (`drm_sched_entity_push_job`). */
  push(after: readonly DmaFence[], cmds: number): void {
    const { finished } = this;
    this.after = after;
    this.cmds = cmds;
    finished.onSignal(this);
    if (cmds > 0) this.#note(this.#msm, finished);
    this.queue.entity.push(this);
  }

  /** It is done, or was given up before the GPU turned to it (`DmaFenceCb`). */
  fenceSignaled(): void {
    if (!this.#onGpu) this.#idle();
  }

  /** What it uses: what it lists, or all that a program that manages addresses has mapped, which passes its binds' fences in. */
  #note({ machine }: Msm, finished: DmaFence): void {
    const { vm, bos } = this;
    if (machine.options.watch !== true) return;
    const what = vm.managed ? { lists: bos, settled: false } : { settled: !vm.unusable };
    const writes = bos.filter((_, i) => this.writes.has(i));
    this.#noted = noteUse(machine, finished, { vm: vm.record, keeps: "pages", writes, ...what });
  }

  *retire(): Steps<void> {
    yield* retire(this.#msm, this);
    if (!this.freesAlone) destroy(this);
  }

  *free(): Steps<void> {
    destroy(this);
  }

  /** Written to the ring (`msm_job_run`): from here on the fence alone keeps the pages. */
  *run(): Steps<DmaFence | Errno> {
    const msm = this.#msm;
    const { dev, gpu } = msm;
    const { queue, bos } = this;
    underLru(msm, () => {
      for (let i = 0; i < bos.length; i++) unpinObj(msm, bos[i] as MsmBo);
    });
    this.pinned = false;
    yield* lockBriefly(dev, gpu.lock, "msm_job_run");
    const empty = queue.ctx.closed && msm.rules.emptiesAtClose;
    const fence = (msm.rings[queue.ringNr] as MsmRing).submit(this, empty ? 0 : this.cmds);
    gpu.hangcheck.reset();
    unlock(dev, gpu.lock);
    return fence;
  }
}
