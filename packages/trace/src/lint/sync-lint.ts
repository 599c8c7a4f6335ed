/** Looks at who waits for whom by syncobjs. */
import type { Request, SyncOp } from "@gpuvm/drm-model";

/** `DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT` and `_AVAILABLE`: what is not there yet is waited for, too. */
const WAIT_LATER = 2 | 4;

/** What is known of one syncobj. */
interface Known {
  /** Nobody has put a fence into it, or the last one was taken out. */
  empty: boolean;
  /** The last point of its timeline that somebody signals, or will. */
  point: number;
  /** Somebody else may signal it, too: it went to, or came from, another program. */
  shared: boolean;
  /** Waits for what was not there yet: their lines, and the point. */
  readonly later: { readonly line: number; readonly point: number }[];
}

/** What is wrong: a syncobj that was never made, or a wait for what nobody signals. */
export type SyncReport = (code: "unknown-syncobj" | "never-signalled", message: string) => void;

/** Follows the syncobjs of each file. */
export class SyncLint {
  readonly #report: SyncReport;
  readonly #files = new Map<number, Map<number, Known>>();
  #line = 0;
  #lost = false;

  constructor(report: SyncReport) {
    this.#report = report;
  }

  /** The next request. */
  push(r: Request, line: number): void {
    this.#line = line;
    switch (r.op) {
      case "syncobj_create":
        this.#make(r.f, r.syncobj, { empty: r.signaled !== true });
        break;
      case "syncobj_import":
        if (r.syncFile) this.#signal(r.f, r.syncobj, r.point);
        else this.#make(r.f, r.syncobj, { shared: true });
        break;
      case "syncobj_export": {
        const known = this.#known(r.f, r.syncobj, "exported");
        if (known !== undefined && !r.syncFile) known.shared = true;
        break;
      }
      case "syncobj_destroy":
        if (this.#known(r.f, r.syncobj, "destroyed") !== undefined) this.#end(r.f, r.syncobj);
        break;
      case "syncobj_reset":
        for (const syncobj of r.syncobjs) empty(this.#known(r.f, syncobj, "reset"));
        break;
      case "syncobj_signal":
        for (const [i, syncobj] of r.syncobjs.entries()) this.#signal(r.f, syncobj, r.points?.[i]);
        break;
      case "syncobj_transfer":
        this.#wait(r.f, r.src, r.srcPoint ?? 0, ((r.flags ?? 0) & WAIT_LATER) !== 0);
        this.#signal(r.f, r.dst, r.dstPoint);
        break;
      case "syncobj_wait": {
        const later = ((r.flags ?? 0) & WAIT_LATER) !== 0;
        for (const [i, syncobj] of r.syncobjs.entries()) this.#wait(r.f, syncobj, r.points?.[i] ?? 0, later);
        break;
      }
      case "submit":
        this.#ops(r.f, r.syncOps ?? []);
        break;
      case "vm_bind":
      case "exec":
        for (const ops of r.syncOps ?? []) this.#ops(r.f, ops);
        break;
      case "close":
        this.#close(r.f);
        break;
      default:
    }
  }

  /** Events are missing: a creation or a signal may be among them. */
  lost(): void {
    this.#lost = true;
    this.#files.clear();
  }

  /** After the last request. */
  end(): void {
    for (const f of [...this.#files.keys()]) this.#close(f);
  }

  /** All of one call's waits come before all it signals. */
  #ops(f: number, ops: readonly SyncOp[]): void {
    for (const { handle, wait, point = 0, reset } of ops) {
      if (!wait) continue;
      this.#wait(f, handle, point, false);
      if (reset) empty(this.#files.get(f)?.get(handle));
    }
    // A word of memory that is written (xe's user fence) is none, and has no handle.
    for (const { handle, wait, point } of ops) if (!wait && handle !== 0) this.#signal(f, handle, point);
  }

  #of(f: number): Map<number, Known> {
    let file = this.#files.get(f);
    if (file === undefined) {
      file = new Map();
      this.#files.set(f, file);
    }
    return file;
  }

  #make(f: number, syncobj: number, { empty = false, shared = false }): void {
    this.#of(f).set(syncobj, { empty, point: 0, shared, later: [] });
  }

  #known(f: number, syncobj: number, what: string): Known | undefined {
    const known = this.#of(f).get(syncobj);
    if (known !== undefined || this.#lost) return known;
    this.#report("unknown-syncobj", `syncobj ${syncobj} is ${what}, and was never made`);
    // Said once is enough.
    this.#make(f, syncobj, { shared: true });
    return undefined;
  }

  #signal(f: number, syncobj: number, point = 0): void {
    const known = this.#known(f, syncobj, "signalled");
    if (known === undefined) return;
    known.empty = false;
    known.point = point === 0 ? 0 : Math.max(known.point, point);
    for (let i = known.later.length; i-- > 0; ) {
      if ((known.later[i]?.point ?? 0) <= known.point) known.later.splice(i, 1);
    }
  }

  #wait(f: number, syncobj: number, point: number, later: boolean): void {
    const known = this.#known(f, syncobj, "waited for");
    if (known === undefined || known.shared || (!known.empty && point <= known.point)) return;
    if (later) known.later.push({ line: this.#line, point });
    else
      this.#report("never-signalled", `wait for ${named(syncobj, point)}, which nobody has signalled before`);
  }

  #end(f: number, syncobj: number): void {
    const known = this.#files.get(f)?.get(syncobj);
    this.#files.get(f)?.delete(syncobj);
    if (known === undefined || known.shared) return;
    for (const { line, point } of known.later)
      this.#report(
        "never-signalled",
        `line ${line} waits for ${named(syncobj, point)}, which nobody ever signals`,
      );
  }

  #close(f: number): void {
    for (const syncobj of [...(this.#files.get(f)?.keys() ?? [])]) this.#end(f, syncobj);
    this.#files.delete(f);
  }
}

function empty(known: Known | undefined): void {
  if (known === undefined) return;
  known.empty = true;
  known.point = 0;
}

function named(syncobj: number, point: number): string {
  return point === 0 ? `syncobj ${syncobj}` : `point ${point} of syncobj ${syncobj}`;
}
