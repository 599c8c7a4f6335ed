import { type DmaFence, EINVAL, ENOENT, ENOMEM, EOPNOTSUPP, type Errno } from "@gpuvm/core";
import { CountedFence, type SyncObj, type SyncOp, type UserMemory } from "@gpuvm/drm-model";
import type { BindExecQueue } from "../bind/bind-exec-queue.ts";
import type { Xe } from "../device.ts";
import { userFenceCreate, type XeUserFence } from "./user-fence.ts";

/** The most syncs of one call (`DRM_XE_MAX_SYNCS`). */
const MAX_SYNCS = 1024;

/** Whether a call has more syncs than any may. */
export function tooManySyncs({ syncOps }: { readonly syncOps?: readonly (readonly SyncOp[])[] }): boolean {
  return syncOps !== undefined && syncOps.flat().length > MAX_SYNCS;
}

const HOLDER = "sync";

/** What a call may do with syncs, and what those need (`SYNC_PARSE_FLAG_*`, and the arguments of `xe_sync_entry_parse`). */
export interface SyncRules {
  /** The caller's syncobjs. */
  readonly syncobjs: ReadonlyMap<number, SyncObj>;
  /** The caller's memory. */
  readonly memory: UserMemory;
  /** A submit, whose user fences the GPU writes. */
  readonly exec: boolean;
  /** Work runs as long as it likes: no syncobj can be made to wait for it. */
  readonly lrMode: boolean;
  /** A call without binds. */
  readonly disallowUserFence: boolean;
  /** A bind's: of its queue. */
  readonly ufences: BindExecQueue | null;
}

/** One sync of a call (`struct xe_sync_entry`). */
interface SyncEntry {
  readonly signal: boolean;
  /** Counted. */
  readonly syncobj: SyncObj | null;
  /** What is waited for; counted. Null: nothing, or it has signalled. */
  readonly fence: CountedFence | null;
  /** Point that is signalled; 0: the syncobj is a binary one. */
  readonly point: number;
  /** Counted. */
  readonly ufence: XeUserFence | null;
  /** Its timeline, and its point there. */
  readonly ufences: SyncObj | null;
  readonly ufencePoint: number;
  /** A user fence that the GPU writes, and what. */
  readonly word: { readonly addr: number; readonly value: number } | null;
}

const NOTHING: Omit<SyncEntry, "signal"> = {
  syncobj: null,
  fence: null,
  point: 0,
  ufence: null,
  ufences: null,
  ufencePoint: 0,
  word: null,
};

const NO_FENCES: readonly DmaFence[] = [];
const NONE: SyncEntry[] = [];

/** What a call waits for and signals (an array of `struct xe_sync_entry`), from its beginning to its end. */
export class XeSyncs {
  readonly #xe: Xe;
  #entries: SyncEntry[] = NONE;

  /** Nothing looked up yet. */
  constructor(xe: Xe) {
    this.#xe = xe;
  }

  /**
   * Looks up every sync of a call (`xe_sync_entry_parse` for each). After an error nothing was installed anywhere, and what was
   * looked up goes with {@link XeSyncs.cleanup}.
   */
  parse(ops: readonly SyncOp[], rules: SyncRules): Errno {
    if (ops.length > 0 && !this.#xe.machine.dev.mayAlloc("xe syncs")) return -ENOMEM;
    const { ufences } = rules;
    this.#entries = [];
    for (const op of ops) {
      if (ufences !== null) ufences.ufenceTimelineValue++;
      const entry = this.#parse(op, rules);
      if (typeof entry === "number") return entry;
      this.#entries.push(entry);
    }
    return !this.empty && this.#entries.filter(isUfence).length > 1 ? -EINVAL : 0;
  }

  /** There are none. */
  get empty(): boolean {
    return this.#entries.length === 0;
  }

  /** Something is to be waited for, or was. */
  get waits(): boolean {
    return this.#entries.some(({ fence }) => fence !== null);
  }

  /** The user fence that the new mappings wait for (`find_ufence_get`, without a reference), or null. */
  get ufence(): XeUserFence | null {
    if (this.empty) return null;
    return this.#entries.find(({ ufence }) => ufence !== null)?.ufence ?? null;
  }

  /** What the GPU writes behind the batch (`xe_sched_job_init_user_fence`), or null. */
  get word(): SyncEntry["word"] {
    if (this.empty) return null;
    return this.#entries.find(({ word }) => word !== null)?.word ?? null;
  }

  /** What a job waits for (`xe_sync_entry_add_deps`). */
  get inFences(): readonly DmaFence[] {
    if (this.empty) return NO_FENCES;
    return this.#entries.flatMap(({ fence }) => (fence === null ? [] : [fence.base]));
  }

  /**
   * Everything signals with this fence (`xe_sync_entry_signal` for each). Nothing of the call can fail any more.
   */
  signal(base: DmaFence): void {
    if (this.empty || !this.#entries.some(({ signal }) => signal)) return;
    const { dev } = this.#xe.machine;
    const fence = new CountedFence(dev, base, base.name, HOLDER, () => {});
    for (const entry of this.#entries) if (entry.signal) signalEntry(entry, fence);
    fence.put(HOLDER);
  }

  /** The call ends (`xe_sync_entry_cleanup` for each). */
  cleanup(): void {
    if (this.empty) return;
    for (const { syncobj, fence, ufence } of this.#entries.splice(0)) {
      syncobj?.put();
      fence?.put(HOLDER);
      ufence?.kref.put(HOLDER);
    }
  }

  #parse(op: SyncOp, rules: SyncRules): SyncEntry | Errno {
    const { handle, wait, point = 0, addr } = op;
    if (addr !== undefined) return this.#parseUserFence(wait, addr, point, rules);
    const { lrMode, syncobjs } = rules;
    if (lrMode && !wait) return -EOPNOTSUPP;
    const syncobj = syncobjs.get(handle);
    if (syncobj === undefined) return -ENOENT;
    if (!wait) {
      if (point > 0 && !this.#xe.machine.dev.mayAlloc("dma fence chain")) return -ENOMEM;
      syncobj.refs++;
      return { ...NOTHING, signal: true, syncobj, point };
    }
    const fence = syncobj.find(HOLDER, point);
    if (fence === null) return -EINVAL;
    syncobj.refs++;
    return { ...NOTHING, signal: false, syncobj, fence };
  }

  #parseUserFence(wait: boolean, addr: number, value: number, rules: SyncRules): SyncEntry | Errno {
    const { exec, disallowUserFence, memory, ufences } = rules;
    if (disallowUserFence || wait) return -EOPNOTSUPP;
    if (addr % 8 !== 0) return -EINVAL;
    if (exec) return { ...NOTHING, signal: true, word: { addr, value } };
    const ufence = userFenceCreate(this.#xe, memory, addr, value, HOLDER);
    if (typeof ufence === "number") return ufence;
    if (!this.#xe.machine.dev.mayAlloc("dma fence chain")) {
      ufence.kref.put(HOLDER);
      return -ENOMEM;
    }
    const { ufenceSyncobj, ufenceTimelineValue } = ufences as BindExecQueue;
    return { ...NOTHING, signal: true, ufence, ufences: ufenceSyncobj, ufencePoint: ufenceTimelineValue };
  }
}

function isUfence({ ufence, word }: SyncEntry): boolean {
  return ufence !== null || word !== null;
}

/** `xe_sync_entry_signal`. */
function signalEntry({ syncobj, point, ufence, ufences, ufencePoint }: SyncEntry, fence: CountedFence): void {
  if (syncobj !== null) {
    if (point > 0) syncobj.add(point, fence);
    else syncobj.replace(fence);
  } else if (ufence !== null && ufences !== null) {
    ufences.add(ufencePoint, fence);
    const last = ufences.find(HOLDER) as CountedFence;
    ufence.kref.get("callback");
    // `user_fence_cb`
    last.base.onSignal(() => {
      ufence.kick();
      last.put(HOLDER);
    });
  }
}
