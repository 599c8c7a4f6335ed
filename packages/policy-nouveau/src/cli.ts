import { type DmaFence, Lock, type Steps } from "@gpuvm/core";
import { DmaBuf, DrmFile } from "@gpuvm/drm-model";
import type { Channel } from "./channel/channel.ts";
import type { NvDevice } from "./device.ts";
import type { NouveauBo } from "./gem/bo.ts";
import { NouveauSched } from "./sched/sched.ts";
import type { Uvmm } from "./uvmm/uvmm.ts";
import { NvVmm } from "./vmm/vmm.ts";

/**
 * An open file (`struct nouveau_cli`). It speaks one of two interfaces: VM_INIT first, and it manages its addresses; or
 * anything else first, and the kernel does, for ever.
 */
export class NouveauCli extends DrmFile<NouveauBo> {
  readonly nv: NvDevice;
  /** `cli->mutex`: of a client's channels, and of its VM's beginning. An EXEC or PUSHBUF holds it from end to end. */
  readonly mutex: Lock;
  /** The VM that the program manages, or null. */
  uvmm: Uvmm | null = null;
  /** VM_INIT came too late (`uvmm.disabled`). */
  uvmmDisabled = false;
  /** Bind jobs, one after the other. */
  readonly sched: NouveauSched;
  /** Channels by number. */
  readonly channels: Map<number, Channel> = new Map();
  /** Unmaps that wait for a fence, or for their turn (`cli->worker`). */
  works = 0;
  /** Open dma-bufs of its buffers, by handle. The program is taken to close them with the handle. */
  readonly exported: Map<number, DmaBuf<NouveauBo>> = new Map();
  /** The client's own VMM (`cli->vmm`). */
  readonly ownVmm: NvVmm;

  /** A client that has done nothing yet. */
  constructor(nv: NvDevice, id: number) {
    super(nv.machine, id);
    const { machine, dev } = nv;
    this.nv = nv;
    this.mutex = new Lock(`mutex of file ${id}`, "nouveau_cli.mutex", dev.lockdep);
    this.sched = new NouveauSched(machine, `binds of file ${id}`, `scheduler's mutex of file ${id}`, 1);
    this.ownVmm = new NvVmm(nv, id);
  }

  /** Where the kernel maps for it (`nouveau_cli_vmm`): in its part of the program's VM, or anywhere. */
  get vmm(): NvVmm {
    return this.uvmm === null ? this.ownVmm : this.uvmm.kernel;
  }

  /** From here on VM_INIT is refused (`__nouveau_cli_disable_uvmm_noinit`); under the mutex. */
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
