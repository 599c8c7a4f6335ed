import type { TlbCause } from "../machine/tlb-counts.ts";
import type { Bo } from "./bo.ts";
import { PageTableCounts } from "./page-table-counts.ts";
import { PteMap, type PteRun } from "./pte-map.ts";
import type { Surroundings } from "./surroundings.ts";
import type { UserPages } from "./user-pages.ts";

/**
 * When the TLB has to forget cleared entries: before their pages go, before the call is over, or when the driver likes.
 * `again`: when it likes, for they are written again at once; what is queued may be waiting for just that.
 */
export type FlushDue = "before-free" | "within-call" | "later" | "again";

/** A job that says what it uses, as the page tables that it runs with know it. */
export interface NamingJob {
  /** Whether it names an object. */
  names(bo: Bo): boolean;
}

/**
 * What the GPU sees of one VM: the entries that lead somewhere, and those that its TLB may still have. Which entries a
 * map writes, of what size, in which tables, and when the TLB is told is each MMU's own rule: a driver's MMU writes
 * ({@link GpuView.write}), clears ({@link GpuView.clear}) and flushes here, and counts in {@link GpuView.counts}.
 */
export class GpuView {
  /** The entries. */
  readonly ptes: PteMap = new PteMap();
  /** What was written for them, by size and level, and the tables in use. */
  readonly counts: PageTableCounts;
  /** The machine that it belongs to. */
  readonly machine: Surroundings;
  /** Jobs that name what they use, until the GPU has left them. */
  readonly naming: Set<NamingJob> = new Set();
  /** Objects whose cleared entries the GPU may still have in its TLB, on a machine that watches. */
  readonly #cached: Set<Bo> = new Set();
  /** Entries that were cleared since the TLB last forgot them all, on a machine that watches. */
  readonly #old: PteMap = new PteMap();
  /** Accesses to what is being changed stall until the TLB has forgotten it. */
  stalls = false;
  /** The GPU may follow entries at any time: nothing waits until they are written again. */
  always = false;
  /** The program's own memory of which cleared entries may be in the TLB, on a machine that watches. */
  readonly #cachedUser: Set<UserPages> = new Set();
  readonly #tlb: boolean;
  #gone = false;

  /**
   * Nothing is mapped.
   *
   * @param tlb the driver says when the TLB is flushed, with {@link GpuView.flush}: a machine that watches asks for it
   */
  constructor(machine: Surroundings, tlb: boolean) {
    this.machine = machine;
    this.counts = new PageTableCounts(machine.counts);
    this.#tlb = tlb;
  }

  /** Where the TLB may translate otherwise than the entries of `[start, end)` say; null: nowhere. */
  translatesOld(start: number, end: number): string | null {
    if (this.stalls) return null;
    const runs = this.#old.runs();
    for (let i = this.#old.firstEndingAfter(start); i < runs.length; i++) {
      const old = runs[i] as PteRun;
      if (old.start >= end) break;
      const at = Math.max(old.start, start);
      const now = this.ptes.at(at);
      if (now === null || (now.bo === null && now.user === undefined)) continue;
      const same = now.bo === old.bo && now.generation === old.generation && now.user === old.user;
      if (same && now.offset - now.start === old.offset - old.start) continue;
      return `the TLB may have 0x${at.toString(16)} as it was mapped before, to ${(old.bo ?? old.user)?.name}`;
    }
    return null;
  }

  /** Table pages in use. */
  get tables(): number {
    return this.counts.tables;
  }

  /** Most table pages at once. */
  get tablesPeak(): number {
    return this.counts.tablesPeak;
  }

  /** An object of which the TLB may have entries that were cleared, or null; on a machine that watches. */
  get cached(): Bo | null {
    for (const bo of this.#cached) return bo;
    return null;
  }

  /** Page-table entries in use. */
  get entries(): number {
    return this.ptes.runs().reduce((sum, run) => sum + entriesOf(run), 0);
  }

  /**
   * Entries lead to these pages now. What was there must have been cleared: else it is found, and cleared.
   *
   * @param join one run with the entries before it, where these go on to the next pages: for an MMU that is told of
   *   piece after piece
   */
  write(run: PteRun, join = false): void {
    this.#expectNothing(run);
    if (this.#gone)
      this.machine.hazard(
        "stale-pte",
        run.bo?.name ?? "null page",
        "entries are written into tables that are given back",
      );
    run.generation = run.bo?.generation ?? 0;
    if (join) this.ptes.join(run);
    else this.ptes.insert(run);
    if (run.user !== undefined) {
      run.user.led(this, 1);
      if (this.always && run.user.gone) {
        const what = `entries are written that lead to ${run.user.name}, which are given back`;
        this.machine.hazard("stale-pte", run.user.name, what);
      }
    }
    if (run.bo === null) return;
    run.bo.ptes += entriesOf(run);
    if (!this.machine.auditing) return;
    this.machine.note(run.bo.name, `mapped at 0x${run.start.toString(16)}, ${run.end - run.start} bytes`);
  }

  /**
   * The entries in `[start, start + length)` lead nowhere now; where there are none, nothing happens. The TLB may have
   * them until the next {@link GpuView.flush}.
   *
   * @param due when a machine that watches wants to see that flush
   * @returns what led somewhere, in address order
   */
  clear(start: number, length: number, due: FlushDue = "before-free"): readonly PteRun[] {
    const gone = this.ptes.remove(start, start + length);
    for (const run of gone) {
      if (run.user === undefined) this.#cleared(run, due);
      else this.#clearedUser(run, run.user, due);
    }
    return gone;
  }

  /** The TLB forgets every entry of this VM, told by the driver because of `cause`. */
  flush(cause: TlbCause): void {
    this.machine.counts.tlb[cause]++;
    this.forget();
  }

  /** No entry of this VM is in the TLB any more, without a flush of its own. */
  forget(): void {
    if (this.#old.size > 0) this.#old.remove(0, Number.POSITIVE_INFINITY);
    if (this.#cachedUser.size > 0) {
      for (const user of this.#cachedUser) user.cachedBy.delete(this);
      this.#cachedUser.clear();
    }
    if (this.#cached.size === 0) return;
    for (const bo of this.#cached) bo.cachedBy?.delete(this);
    this.#cached.clear();
  }

  /** The tables are given back: no job may work with them any more, and nothing is written into them. */
  end(vm: string): void {
    this.#gone = true;
    for (const job of this.machine.inUse) {
      if (job.pt !== this || !job.touches) continue;
      const what = `the page tables of ${vm} are freed while a job that uses them runs${job.believed}`;
      this.machine.hazard("gpu-fault", vm, what);
      return;
    }
  }

  /** Whether clearing `[start, end)` would cut an entry that covers more than the smallest page. */
  cutsEntry(start: number, end: number): boolean {
    return [start, end].some((at) => {
      const run = this.ptes.at(at);
      return run !== null && run.start < at && (at - run.start) % run.pageSize !== 0;
    });
  }

  #expectNothing({ start, end, bo }: PteRun): void {
    const left = this.ptes.firstIn(start, end);
    if (left === null) return;
    const what = `${left.bo?.name ?? "a null page"} at 0x${left.start.toString(16)}`;
    this.machine.hazard("stale-pte", bo?.name ?? "null page", `entries are written over those of ${what}`);
    this.clear(start, end - start);
  }

  #cleared(run: PteRun, due: FlushDue): void {
    const { bo } = run;
    if (bo === null) return;
    const { machine } = this;
    bo.ptes -= entriesOf(run);
    if (machine.options.watch === true) {
      this.#watch(bo, due);
      if (this.#tlb) this.#keepOld(run);
    }
    if (machine.auditing)
      machine.note(bo.name, `unmapped at 0x${run.start.toString(16)}, ${run.end - run.start} bytes`);
    for (const job of this.naming) {
      if (!job.names(bo)) continue;
      machine.hazard("gpu-fault", bo.name, `${bo.name} is unmapped under a running job that uses it`);
      break;
    }
  }

  /** Entries of the program's own memory; what is left of a run that was cut still leads there. */
  #clearedUser(run: PteRun, user: UserPages, due: FlushDue): void {
    const left = this.ptes.runs().filter((other) => other.user === user).length;
    user.led(this, left - (user.views.get(this) ?? 0));
    if (this.machine.options.watch !== true || !this.#tlb) return;
    this.#keepOld(run);
    if (due !== "before-free") return;
    this.#cachedUser.add(user);
    user.cachedBy.add(this);
  }

  /** The TLB may have what was there; where it may have something older, that is kept. */
  #keepOld(run: PteRun): void {
    for (let at = run.start; at < run.end; ) {
      const first = this.#old.runs()[this.#old.firstEndingAfter(at)];
      const end = Math.min(run.end, first?.start ?? run.end);
      if (end > at) this.#old.insert({ ...run, start: at, end, offset: run.offset + (at - run.start) });
      at = Math.max(end, first === undefined ? end : Math.min(run.end, first.end));
    }
  }

  #watch(bo: Bo, due: FlushDue): void {
    if (this.#tlb && due !== "later" && due !== "again") this.#cached.add(bo);
    if (this.#tlb && due === "before-free") {
      bo.cachedBy ??= new Set();
      bo.cachedBy.add(this);
    }
    for (const job of this.machine.inUse) {
      if (job.pt !== this || job.keeps === "now" || !job.bos.has(bo)) continue;
      if (due === "again" && !job.begun) continue;
      const what = `${bo.name} is unmapped under a job that uses it${job.believed}`;
      this.machine.hazard("gpu-fault", bo.name, what);
      return;
    }
  }
}

/** How many entries a run has. */
export function entriesOf(run: PteRun): number {
  return Math.ceil((run.end - run.start) / run.pageSize);
}
