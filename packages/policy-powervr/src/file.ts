import { DmaBuf, DrmFile, type Flusher, type Machine } from "@gpuvm/drm-model";
import type { PvrBo } from "./gem/bo.ts";
import { HandleTable } from "./handle-table.ts";
import type { PvrContext } from "./queue/pvr-context.ts";
import type { PvrFreeList } from "./tiler/free-list.ts";
import type { PvrHwrt } from "./tiler/hwrt.ts";
import type { PvrVmContext } from "./vm/vm-context.ts";

/** An open file (`struct pvr_file`): buffers' handles, and tables of what else it made. */
export class PvrFile extends DrmFile<PvrBo> {
  /** `vm_ctx_handles`. */
  readonly vmContexts: HandleTable<PvrVmContext> = new HandleTable();
  /** `ctx_handles`. */
  readonly contexts: HandleTable<PvrContext> = new HandleTable();
  /** Contexts that the file made and that still live, whatever holds them (`contexts`, since b04ce1e718bd). */
  readonly made: Set<PvrContext> = new Set();
  /** `free_list_handles`. */
  readonly freeLists: HandleTable<PvrFreeList> = new HandleTable();
  /** `hwrt_handles`. */
  readonly hwrts: HandleTable<PvrHwrt> = new HandleTable();
  /** Open dma-bufs of its buffers, by handle. */
  readonly exported: Map<number, DmaBuf<PvrBo>> = new Map();
  /** How the file holds what its tables lead to. */
  readonly holder: { readonly name: string };

  /** A file with nothing in it. */
  constructor(machine: Machine, id: number) {
    super(machine, id);
    this.holder = { name: `file#${id}` };
  }

  /** Who flushes queues in a call on this file: its process, and how that ends. */
  get flusher(): Flusher {
    return { process: this, exiting: this.ending !== "close", killed: this.ending === "kill" };
  }

  /** What jobs draw to that name no render target: traces do not hold it. */
  latestHwrt(): PvrHwrt | undefined {
    return this.hwrts.values().at(-1);
  }

  /** A dma-buf of a handle's buffer, made or found again. The program is taken to close it with the handle. */
  export(handle: number, bo: PvrBo): void {
    if (!this.exported.has(handle)) this.exported.set(handle, new DmaBuf(this.machine, bo));
  }

  /** The program closes its dma-buf. */
  closeExport(handle: number): void {
    this.exported.get(handle)?.close();
    this.exported.delete(handle);
  }
}
