import type { NeutralRequest, NeutralSubmit, NeutralVmBind, Request, SyncOp } from "@gpuvm/drm-model";

/** `NOUVEAU_GEM_CPU_PREP_WRITE`: readers are waited for, too. */
const WRITE = 4;

/** Work that signals a syncobj: a buffer that it uses, and its queue. */
interface Work {
  readonly bo: number;
  readonly queue: number;
}

/**
 * Who waits for whom where work has no syncobjs: a program can wait until a buffer of the other work is idle. Within a queue
 * the order is that of the calls. A point of a timeline counts as its last.
 */
export class SyncsByBuffers {
  /** Work that signals each syncobj, of what is not known to be done. */
  readonly #signals: Map<number, Work> = new Map();
  /** The last work of each queue. */
  readonly #last: Map<number, Work> = new Map();

  /** What the program asks before work: that it may begin. `bos`: what it uses. */
  submit(request: NeutralSubmit, bos: readonly number[], open: ReadonlySet<number>): readonly Request[] {
    const { queue, syncOps = [] } = request;
    const waits = this.#waits(request, syncOps, open, queue);
    const bo = bos[request.writes[0] ?? 0];
    if (request.work && bo !== undefined) this.#last.set(queue, { bo, queue });
    this.#signalled(syncOps, this.#last.get(queue));
    return waits;
  }

  /** A bind is done at once, and signals what it would have waited for. */
  bind({ syncOps = [] }: NeutralVmBind): void {
    const ops = syncOps.flat();
    const waited = ops.flatMap(({ handle, wait }) => (wait ? (this.#signals.get(handle) ?? []) : []));
    this.#signalled(ops, waited.at(-1));
  }

  /** A call of DRM's own. @returns what the program asks instead */
  call(request: NeutralRequest, open: ReadonlySet<number>): readonly Request[] {
    switch (request.op) {
      case "syncobj_wait": {
        const ops = request.syncobjs.map((handle) => ({ handle, wait: true }));
        return this.#waits(request, ops, open);
      }
      case "syncobj_transfer": {
        const work = this.#signals.get(request.src);
        this.#signalled([{ handle: request.dst, wait: false }], work);
        break;
      }
      case "syncobj_create":
      case "syncobj_destroy":
        this.#signals.delete(request.syncobj);
        break;
      case "syncobj_reset":
      case "syncobj_signal":
        for (const syncobj of request.syncobjs) this.#signals.delete(syncobj);
        break;
      default:
    }
    return [];
  }

  #signalled(ops: readonly SyncOp[], work: Work | undefined): void {
    for (const { handle, wait } of ops) {
      if (wait) continue;
      if (work === undefined) this.#signals.delete(handle);
      else this.#signals.set(handle, work);
    }
  }

  #waits(
    { t, f }: NeutralRequest,
    ops: readonly SyncOp[],
    open: ReadonlySet<number>,
    queue?: number,
  ): readonly Request[] {
    const bos = new Set<number>();
    for (const { handle, wait } of ops) {
      const work = wait ? this.#signals.get(handle) : undefined;
      if (work !== undefined && work.queue !== queue && open.has(work.bo)) bos.add(work.bo);
    }
    return [...bos].map((bo) => ({ t, f, op: "cpu_prep", bo, flags: WRITE }));
  }
}
