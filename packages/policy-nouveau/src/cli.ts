import { type DmaFence, Lock, type Steps } from "@gpuvm/core";
import { BindQueue, DmaBuf, DrmFile } from "@gpuvm/drm-model";
import type { BindJob } from "./bind-job.ts";
import type { NouveauBo } from "./bo.ts";
import type { Channel } from "./channel.ts";
import { type NvDevice, Timeline } from "./device.ts";
import type { Uvmm } from "./uvmm.ts";
import { createClientVmm, type NvVmm } from "./vmm.ts";

/**
 * An open file (`struct nouveau_cli`). It speaks one of two interfaces: VM_INIT first, and it manages its addresses; or
 * anything else first, and the kernel does, for ever.
 */
export class NouveauCli extends DrmFile<NouveauBo> {
  readonly nv: NvDevice;
  /** `cli->mutex`. */
  readonly mutex: Lock;
  /** `cli->sched->mutex`: one submit at a time. */
  readonly schedMutex: Lock;
  /** The VM that the program manages, or null. */
  uvmm: Uvmm | null = null;
  /** VM_INIT came too late (`uvmm.disabled`). */
  uvmmDisabled = false;
  /** Bind jobs, one after the other (`cli->sched`). */
  readonly sched: BindQueue;
  /** Jobs whose cleanup has not run (`sched->job_list`). */
  readonly jobs: Set<BindJob> = new Set();
  /** Their fences. */
  readonly binds: Timeline;
  /** Channels by number. */
  readonly channels: Map<number, Channel> = new Map();
  /** Unmaps that wait for a fence, or for their turn (`cli->worker`). */
  works = 0;
  /** Open dma-bufs of its buffers, by handle. The program is taken to close them with the handle. */
  readonly exported: Map<number, DmaBuf<NouveauBo>> = new Map();
  #vmm: NvVmm | null = null;

  /** A client that has done nothing yet. */
  constructor(nv: NvDevice, id: number) {
    super(nv.machine, id);
    const { machine, dev } = nv;
    this.nv = nv;
    this.mutex = new Lock(`mutex of file ${id}`, "nouveau_cli.mutex", dev.lockdep);
    this.schedMutex = new Lock(`scheduler's mutex of file ${id}`, "nouveau_sched.mutex", dev.lockdep);
    this.sched = new BindQueue(machine, `binds of file ${id}`);
    this.binds = new Timeline(machine);
  }

  /** Where the kernel maps for it (`nouveau_cli_vmm`): in its part of the program's VM, or anywhere. */
  get vmm(): NvVmm {
    if (this.uvmm !== null) return this.uvmm.kernel;
    this.#vmm ??= createClientVmm(this.nv, this.id);
    return this.#vmm;
  }

  /** The client's own VMM, if it was ever needed. */
  get ownVmm(): NvVmm | null {
    return this.#vmm;
  }

  /** From here on VM_INIT is refused (`nouveau_cli_disable_uvmm_noinit`). */
  disableUvmm(): void {
    if (this.uvmm === null) this.uvmmDisabled = true;
  }

  /** Runs work in process context when a fence has signalled (`nouveau_cli_work_queue`). */
  workQueue(fence: DmaFence, run: () => Steps<void>): void {
    this.works++;
    fence.onSignal(() => this.machine.queueWork("nouveau_cli_work", () => this.#work(run)));
  }

  *#work(run: () => Steps<void>): Steps<void> {
    yield* run();
    this.works--;
  }

  /** A dma-buf of a handle's buffer, made or found again. */
  export(handle: number, bo: NouveauBo): void {
    if (!this.exported.has(handle)) this.exported.set(handle, new DmaBuf(this.machine, bo));
  }

  /** The program closes its dma-buf. */
  closeExport(handle: number): void {
    this.exported.get(handle)?.close();
    this.exported.delete(handle);
  }
}
