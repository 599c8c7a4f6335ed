import { EINVAL, type Errno } from "./errno.ts";
import { GpuvmError } from "./error.ts";
import type { DmaFence } from "./fence.ts";
import { Lock } from "./lock.ts";
import { type Lockdep, RESV_CLASS } from "./lockdep.ts";
import type { Task } from "./task.ts";

/** Memory management: moves, clears, page-table updates (`DMA_RESV_USAGE_KERNEL`). */
export const USAGE_KERNEL = 0;
/** Implicit write synchronisation (`DMA_RESV_USAGE_WRITE`). */
export const USAGE_WRITE = 1;
/** Implicit read synchronisation (`DMA_RESV_USAGE_READ`). */
export const USAGE_READ = 2;
/** No implicit synchronisation (`DMA_RESV_USAGE_BOOKKEEP`). */
export const USAGE_BOOKKEEP = 3;

/** A ticket of the wait/die class (`struct ww_acquire_ctx`): lower numbers are older and win. */
export class WwTicket {
  /** Age. */
  readonly stamp: number;
  /** A ticket of this age. */
  constructor(stamp: number) {
    this.stamp = stamp;
  }
}

/** Whether a fence makes place for another: it has signalled, or the other is of its context, not earlier, and seen by as many. */
function makesPlace(old: DmaFence, oldUsage: number, fence: DmaFence, usage: number): boolean {
  if (old.context === fence.context && fence.seqno >= old.seqno && oldUsage >= usage) return true;
  return old.signaled;
}

/**
 * A reservation object (`struct dma_resv`): a ww-mutex and a set of fences, each with a usage. A look for one usage
 * sees that usage and the lower ones.
 */
export class DmaResv extends Lock {
  /** The ticket under which it is held, or null. */
  ticket: WwTicket | null = null;
  /** Told of each fence that leaves: another took its place, or it had signalled when room was made. Null: nobody counts. */
  onDrop: ((fence: DmaFence) => void) | null = null;
  /**
   * A fence that has signalled is as good as gone, unless somebody counts: nobody sees it, and there is room for as many as were
   * asked for and no more, whatever has signalled. So it is while schedules are explored: when a fence signals then makes no
   * state of its own where it decides nothing.
   */
  forgets = false;
  // Most have one fence, and submits look at hundreds of them: that one is no list. Null: there is none at all.
  #fence: DmaFence | null = null;
  #usage = 0;
  #fences: DmaFence[] | null = null;
  #usages: number[] | null = null;
  #count = 0;
  /** Fences that can still be added under this lock. */
  #room = 0;
  /** Fences that were added under this lock, the last ones: if one signals, its room can be used again. */
  #added = 0;

  /** An unlocked reservation object without fences, shown as `name`, or as `name` of `of`. */
  constructor(name: string, lockdep: Lockdep | null, of: { readonly name: string } | null = null) {
    super(name, RESV_CLASS, lockdep, of);
  }

  /**
   * Makes sure that `n` fences can be added from now until the unlock; not additive (`dma_resv_reserve_fences`). Where room
   * has to be made, fences that have signalled go, if anybody counts them; otherwise they stay until others take their places.
   *
   * @returns 0, or -EINVAL for `n` 0
   */
  reserve(n: number): Errno {
    if (n === 0) return -EINVAL;
    if (n <= this.#room) return 0;
    if (this.onDrop !== null) this.#dropSignaled();
    this.#room = n;
    return 0;
  }

  /**
   * Adds a fence, or lets it take the place of one that is signalled, or that is of the same context, not later, and
   * of a usage at least as high (`dma_resv_add_fence`).
   *
   * @throws GpuvmError `NO_FENCE_SLOT` if no slot was reserved (the kernel BUGs).
   */
  addFence(fence: DmaFence, usage: number): void {
    if (!this.#keeps()) this.#dropSignaled();
    const first = this.#fence;
    if (first !== null && makesPlace(first, this.#usage, fence, usage)) {
      this.#fence = fence;
      this.#usage = usage;
      this.onDrop?.(first);
      return;
    }
    const count = this.#count;
    for (let i = 1; i < count; i++) {
      const old = this.#fenceAt(i);
      if (!makesPlace(old, this.#usageAt(i), fence, usage)) continue;
      this.#put(i, fence, usage);
      this.onDrop?.(old);
      return;
    }
    if (this.#room === 0) {
      throw new GpuvmError(
        "NO_FENCE_SLOT",
        `${fence.name} is added to ${this.name} without a reserved slot`,
        [this.name],
      );
    }
    this.#room--;
    this.#added++;
    this.#put(count, fence, usage);
    this.#count = count + 1;
  }

  /** The first unsignalled fence that a look for `usage` sees, or null (`dma_resv_wait_timeout` waits for these). */
  busy(usage: number): DmaFence | null {
    const first = this.#fence;
    if (first === null) return null;
    if (this.#usage <= usage && !first.signaled) return first;
    for (let i = 1; i < this.#count; i++) {
      const fence = this.#fenceAt(i);
      if (this.#usageAt(i) <= usage && !fence.signaled) return fence;
    }
    return null;
  }

  /**
   * Every fence that a look for `usage` sees, with signalled ones whose place nobody has taken yet, unless these are forgotten
   * (`dma_resv_for_each_fence`). Allocates.
   */
  visible(usage: number): { fence: DmaFence; usage: number }[] {
    const out: { fence: DmaFence; usage: number }[] = [];
    this.each(usage, (fence, of) => out.push({ fence, usage: of }));
    return out;
  }

  /** How many fences can be added before the next {@link DmaResv.reserve}: signalled ones are replaced. */
  get room(): number {
    let room = this.#room;
    for (let i = this.#keeps() ? 0 : this.#count - this.#added; i < this.#count; i++)
      if (this.#fenceAt(i).signaled) room++;
    return room;
  }

  /** The unsignalled fences with their usages. Allocates. */
  pending(): { fence: DmaFence; usage: number }[] {
    return this.visible(USAGE_BOOKKEEP).filter(({ fence }) => !fence.signaled);
  }

  /** Calls `fn` for each fence of {@link DmaResv.visible}, without an array: for submits, which look at hundreds of objects. */
  each(usage: number, fn: (fence: DmaFence, usage: number) => void): void {
    const first = this.#fence;
    if (first === null) return;
    if (this.#usage <= usage && (!first.signaled || this.#keeps())) fn(first, this.#usage);
    for (let i = 1; i < this.#count; i++) {
      const of = this.#usageAt(i);
      const fence = this.#fenceAt(i);
      if (of <= usage && (!fence.signaled || this.#keeps())) fn(fence, of);
    }
  }

  /** Its fences, forgotten ones too while they are there: for who only looks on. A driver decides nothing by it. Allocates. */
  get all(): DmaFence[] {
    return Array.from({ length: this.#count }, (_, i) => this.#fenceAt(i));
  }

  /** No getter: V8 calls its runtime for each look at a private one. */
  #keeps(): boolean {
    return !this.forgets || this.onDrop !== null;
  }

  #fenceAt(i: number): DmaFence {
    return (i === 0 ? this.#fence : this.#fences?.[i - 1]) as DmaFence;
  }

  #usageAt(i: number): number {
    return i === 0 ? this.#usage : (this.#usages?.[i - 1] as number);
  }

  #put(i: number, fence: DmaFence, usage: number): void {
    if (i === 0) {
      this.#fence = fence;
      this.#usage = usage;
      return;
    }
    this.#fences ??= [];
    this.#usages ??= [];
    this.#fences[i - 1] = fence;
    this.#usages[i - 1] = usage;
  }

  #dropSignaled(): void {
    if (this.#fence === null || (this.#count === 1 && !this.#fence.signaled)) return;
    const own = this.#count - this.#added;
    let kept = 0;
    for (let i = 0; i < this.#count; i++) {
      const fence = this.#fenceAt(i);
      if (!fence.signaled) {
        if (kept < i) this.#put(kept, fence, this.#usageAt(i));
        kept++;
        continue;
      }
      this.onDrop?.(fence);
      if (i < own) continue;
      this.#added--;
      this.#room++;
    }
    if (kept === this.#count) return;
    this.#count = kept;
    // Not by the length: an array that is emptied so gives its memory back, and the next fence asks for it again.
    if (kept === 0) this.#fence = null;
    while (this.#fences !== null && this.#fences.length > Math.max(kept - 1, 0)) {
      this.#fences.pop();
      this.#usages?.pop();
    }
  }

  /** Lets go; reserved slots are gone with it (as with `CONFIG_DEBUG_MUTEXES`). */
  override release(task: Task): void {
    super.release(task);
    this.ticket = null;
    this.#room = 0;
    this.#added = 0;
  }
}
