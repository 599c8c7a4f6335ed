import type { DrmDevice, Steps } from "@gpuvm/core";
import { type PagesWatch, UserPages } from "./user-pages.ts";

/** What a driver does when a range of a program's memory changes (`struct mmu_interval_notifier_ops`). */
export interface IntervalNotifierOps {
  /**
   * First pass (`invalidate_start`). The driver notes `seq` under its own lock ({@link IntervalNotifier.setSeq}).
   *
   * @returns whether the second pass is wanted; else nothing of the device uses the range any more
   */
  invalidateStart(seq: object): Steps<boolean>;
  /** Second pass, after the first one of everybody (`invalidate_finish`): nothing of the device uses the range behind it. */
  invalidateFinish(): Steps<void>;
}

/**
 * Who wants to be told of a range of a program's memory (`struct mmu_interval_notifier`). Reading the range goes as with a seqlock:
 * {@link IntervalNotifier.readBegin}, look, take the driver's lock, {@link IntervalNotifier.readRetry}.
 */
export class IntervalNotifier {
  /** Whose memory. */
  readonly memory: UserMemory;
  /** First address. */
  readonly start: number;
  /** Address after the last. */
  readonly end: number;
  /** What is done. */
  readonly ops: IntervalNotifierOps;
  /** Which change was the last that it was told of (`invalidate_seq`). */
  invalidateSeq: object;

  /** Subscribes (`mmu_interval_notifier_insert`): at once, or when the changes that are under way are over. */
  constructor(memory: UserMemory, start: number, end: number, ops: IntervalNotifierOps) {
    this.memory = memory;
    this.start = start;
    this.end = end;
    this.ops = ops;
    this.invalidateSeq = memory.subscribe(this);
  }

  /** Waits for a change that is under way, and begins to read (`mmu_interval_read_begin`). */
  *readBegin(dev: DrmDevice): Steps<object> {
    const { memory, invalidateSeq } = this;
    const settled = () => memory.current !== invalidateSeq;
    if (dev.waitsUntil(settled, "mmu_interval_read_begin")) yield dev.point;
    return invalidateSeq;
  }

  /** Whether what was read since has changed (`mmu_interval_read_retry`, `mmu_interval_check_retry`); null: never read. */
  readRetry(seq: object | null): boolean {
    return seq !== this.invalidateSeq;
  }

  /** The driver knows of a change (`mmu_interval_set_seq`). */
  setSeq(seq: object): void {
    this.invalidateSeq = seq;
  }

  /** Wants to be told no more (`mmu_interval_notifier_remove`): waits until it is not being told. */
  *remove(dev: DrmDevice): Steps<void> {
    const { memory } = this;
    const { current } = memory;
    if (!memory.unsubscribe(this)) return;
    if (dev.waitsUntil(() => memory.current !== current, "mmu_interval_notifier_remove")) yield dev.point;
  }

  /** What it is a part of is freed: nobody may be telling it anything, now or later. */
  freed(machine: PagesWatch): void {
    const { memory, start } = this;
    const being = memory.telling.has(this);
    if (!being && !memory.notifiers.has(this)) return;
    const name = `notifier of 0x${start.toString(16)}`;
    const what = being ? "while it is being told of a change" : "and was not removed";
    machine.hazard("use-after-free", name, `${name} is freed ${what}`);
  }
}

/** A program's memory (`struct mm_struct`), as those know it who have parts of it mapped for a GPU. All is there at first. */
export class UserMemory {
  /** Who is told (`notifier_subscriptions->itree`). */
  readonly notifiers: Set<IntervalNotifier> = new Set();
  /** A change of something that somebody is told of is under way: which (`invalidate_seq` is odd). */
  current: object | null = null;
  /** Subscriptions that come or go when it is over (`deferred_list`). */
  readonly deferred: Set<IntervalNotifier> = new Set();
  /** Who is being told. */
  readonly telling: Set<IntervalNotifier> = new Set();
  /** Changes that are under way (`active_invalidate_ranges`). */
  changing = 0;
  /** Ranges that the program has unmapped. */
  holes: readonly { readonly start: number; readonly end: number }[] = [];
  /** What drivers were given, and has not gone. */
  readonly found: Set<UserPages> = new Set();
  /** The program has exited: it has no memory any more (`mmget_not_zero` fails). */
  gone = false;
  /** What a driver wrote for the program to read, by address; all else reads as 0. */
  readonly words: Map<number, number> = new Map();

  /** @internal @returns what the notifier begins with */
  subscribe(notifier: IntervalNotifier): object {
    if (this.current === null) {
      this.notifiers.add(notifier);
      return {};
    }
    this.deferred.add(notifier);
    return this.current;
  }

  /** @internal @returns whether it may be being told: then it goes when that is over */
  unsubscribe(notifier: IntervalNotifier): boolean {
    if (this.current === null) {
      this.notifiers.delete(notifier);
      return false;
    }
    if (this.deferred.delete(notifier)) return false;
    this.deferred.add(notifier);
    return true;
  }

  /** The word at an address (`get_user`); null: nothing is mapped there (-EFAULT). */
  read(addr: number): number | null {
    return this.#mapped(addr, addr + 1) ? (this.words.get(addr) ?? 0) : null;
  }

  /** Writes a word (`copy_to_user`). @returns false if nothing is mapped there */
  write(addr: number, value: number): boolean {
    if (!this.#mapped(addr, addr + 1)) return false;
    this.words.set(addr, value);
    return true;
  }

  /** The pages of a range, which come if they are not there (`hmm_range_fault`); null: a part is not mapped (-EFAULT). */
  fault(start: number, end: number): UserPages | null {
    if (!this.#mapped(start, end)) return null;
    const pages = new UserPages(start, end);
    this.found.add(pages);
    return pages;
  }

  /** A driver unmaps pages for its device (`dma_unmap_page`): they may be anybody's from here on. */
  release(machine: PagesWatch, pages: UserPages): void {
    if (this.found.delete(pages)) pages.go(machine);
  }

  /** The program maps a range again (`mmap`): it has pages with the next touch. */
  map(start: number, end: number): void {
    const left: { start: number; end: number }[] = [];
    for (const hole of this.holes) {
      if (hole.start < start) left.push({ start: hole.start, end: Math.min(hole.end, start) });
      if (hole.end > end) left.push({ start: Math.max(hole.start, end), end: hole.end });
    }
    this.holes = left;
  }

  /**
   * Pages of a range go (`mmu_notifier_invalidate_range_start` to `_end`): `unmap`, the program has given the range up; `replace`,
   * they were migrated or swapped, and others come with the next touch.
   */
  *invalidate(machine: PagesWatch, start: number, end: number, how: "unmap" | "replace"): Steps<void> {
    this.changing++;
    const told = [...this.notifiers].filter((notifier) => notifier.start < end && start < notifier.end);
    if (told.length > 0) this.current ??= {};
    const seq = this.current ?? {};
    for (const notifier of told) this.telling.add(notifier);
    const passes: IntervalNotifier[] = [];
    for (const notifier of told) if (yield* notifier.ops.invalidateStart(seq)) passes.push(notifier);
    for (const notifier of passes.reverse()) yield* notifier.ops.invalidateFinish();
    for (const notifier of told) this.telling.delete(notifier);
    if (how === "unmap") {
      this.holes = [...this.holes, { start, end }];
      for (const addr of [...this.words.keys()]) if (addr >= start && addr < end) this.words.delete(addr);
    }
    for (const pages of [...this.found]) {
      if (pages.start >= end || start >= pages.end) continue;
      this.found.delete(pages);
      pages.go(machine);
    }
    this.#over();
  }

  #mapped(start: number, end: number): boolean {
    return !this.holes.some((hole) => hole.start < end && start < hole.end);
  }

  /** `mn_itree_inv_end`. */
  #over(): void {
    if (--this.changing > 0 || this.current === null) return;
    this.current = null;
    for (const notifier of this.deferred) {
      if (!this.notifiers.delete(notifier)) this.notifiers.add(notifier);
    }
    this.deferred.clear();
  }
}
