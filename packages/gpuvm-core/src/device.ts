import { GpuvmError } from "./error.ts";
import type { DmaFence } from "./fence.ts";
import type { Counted, Ledger } from "./ledger.ts";
import type { Lock } from "./lock.ts";
import type { Lockdep } from "./lockdep.ts";
import { Point, STRAIGHT, type Steps } from "./steps.ts";
import { Task } from "./task.ts";

/** A living object as its device knows it: `DrmGemObject` is the only one. */
export interface Slotted extends Counted {
  /** Its place in {@link DrmDevice.objects}. */
  readonly slot: number;
  /** References. */
  readonly refs: number;
}

/** What a device checks and records. All off by default: a plain device pays for none of it. */
export interface DeviceOptions {
  /** Name in findings. */
  readonly name?: string;
  /** Records the holder of every counted reference. */
  readonly ledger?: Ledger;
  /** Checks locks; must be set before anything is created on the device. */
  readonly lockdep?: Lockdep;
  /** Called for each WARN, which then goes on, as in the kernel. */
  readonly onWarn?: (message: string) => void;
}

/**
 * The device (`struct drm_device`), as far as the core needs it: a count, the running task, and the switches for
 * checks and records.
 */
export class DrmDevice {
  /** Shown in findings. */
  readonly name: string;
  /** References: one per VM, plus the creator's. */
  refs = 1;
  /** Who holds what, or null when off. */
  readonly ledger: Ledger | null;
  /** Lock checks, or null when off. */
  readonly lockdep: Lockdep | null;
  /** Whether there are a ledger or lock checks. */
  readonly audited: boolean;
  /** The task that runs now. Whoever runs a call sets it before each step. */
  current: Task = new Task("main");
  /** True while schedules are explored: calls then stop at every point, not only where they must wait. */
  stepping = false;
  /** Where the call that just yielded stands. */
  readonly point: Point = new Point();
  /** How many WARNs were raised. */
  warnings = 0;
  /** Makes allocations fail, for tests and exploration: true lets the allocation named `what` fail. */
  failAlloc: ((what: string) => boolean) | null = null;
  /** Lets others go on until the running call can: see {@link DrmDevice.pass}. Null: there are no others. */
  onPass: (() => void) | null = null;
  /** What a driver counts by itself, and has references, oldest first. */
  readonly counted: Set<Counted> = new Set();
  /** Told of each object, link and VM at the moment when it is freed, in order; null: nobody listens. */
  onFree: ((what: Counted) => void) | null = null;
  /** Freed VAs and objects keep their numbers: a use after free is then always seen as one. */
  quarantine = false;
  /** The number of each VM's first row, one VM after another, and over again; default: 1 for all. */
  firstVas: readonly number[] = [1];
  #vms = 0;
  /** Living objects by slot; slot 0 is not used. */
  readonly objects: (Slotted | null)[] = [null];
  readonly #freeSlots: number[] = [];
  readonly #onWarn: ((message: string) => void) | null;
  #serials = 0;

  /** A device. */
  constructor(options: DeviceOptions = {}) {
    this.name = options.name ?? "card0";
    this.ledger = options.ledger ?? null;
    this.lockdep = options.lockdep ?? null;
    this.audited = this.ledger !== null || this.lockdep !== null;
    this.#onWarn = options.onWarn ?? null;
  }

  /** The number of the next VM's first row. */
  firstVa(): number {
    return this.firstVas[this.#vms++ % this.firstVas.length] as number;
  }

  /** A number for a new object; never used twice on this device. */
  serial(): number {
    return ++this.#serials;
  }

  /** Gives a new object its slot. @internal */
  admit(obj: Slotted): number {
    const slot = this.#freeSlots.pop();
    if (slot === undefined) return this.objects.push(obj) - 1;
    this.objects[slot] = obj;
    return slot;
  }

  /** Takes the slot of a freed object back. @internal */
  release(obj: Slotted): void {
    if (this.quarantine) return;
    this.objects[obj.slot] = null;
    this.#freeSlots.push(obj.slot);
  }

  /** `drm_WARN`: counts, tells, goes on. */
  warn(message: string): void {
    this.warnings++;
    this.#onWarn?.(message);
  }

  /** Whether the allocation `what` succeeds. */
  mayAlloc(what: string): boolean {
    return this.failAlloc === null || !this.failAlloc(what);
  }

  /**
   * Whether the running call has to stop before it takes `lock`. If so {@link DrmDevice.point} is filled:
   * `if (dev.stopsAt(lock, "f")) yield dev.point; lock.acquire(dev.current);`
   */
  stopsAt(lock: Lock, label: string): boolean {
    if (!this.stepping && lock.owner === null) return false;
    this.assertNotOwner(lock, label);
    if (lock.owner !== null) this.current.waits++;
    this.#fill("lock", label).lock = lock;
    return true;
  }

  /** The running task must not hold `lock` already: it is about to take it. @internal */
  assertNotOwner(lock: Lock, label: string): void {
    if (lock.owner !== this.current) return;
    throw new GpuvmError(
      "DEADLOCK",
      `${this.current.name} takes ${lock.name} in ${label}, but holds it already`,
      [lock.name],
    );
  }

  /** Whether the running call has to stop and wait for `fence`; fills {@link DrmDevice.point}. */
  waitsFor(fence: DmaFence, label: string): boolean {
    if (fence.signaled) return false;
    this.current.waits++;
    this.#fill("wait", label).fence = fence;
    return true;
  }

  /** Whether the running call has to stop until `until()` holds; fills {@link DrmDevice.point}. */
  waitsUntil(until: () => boolean, label: string): boolean {
    if (until()) return false;
    this.current.waits++;
    this.#fill("wait", label).until = until;
    return true;
  }

  /**
   * The running call waits here for what {@link DrmDevice.point} says: what `yield dev.point` becomes where calls run straight
   * through.
   */
  pass(): void {
    if (this.onPass === null)
      throw new GpuvmError("DEADLOCK", `${this.point.label} has to wait, and nothing else runs`);
    this.onPass();
  }

  /** Whether the running call stops here although nothing makes it wait: only while exploring. */
  stopsFor(kind: "alloc" | "publish" | "preempt", label: string): boolean {
    if (!this.stepping) return false;
    this.#fill(kind, label);
    return true;
  }

  #fill(kind: Point["kind"], label: string): Point {
    const point = this.point;
    point.kind = kind;
    point.label = label;
    point.lock = null;
    point.fence = null;
    point.until = null;
    point.interrupt = null;
    return point;
  }
}

/**
 * Runs a call to its end where nobody else could let it go on.
 *
 * @throws GpuvmError `DEADLOCK` if it has to wait.
 */
export function finish<T>(steps: Steps<T>): T {
  if (STRAIGHT) return steps as T;
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    const { kind, label, lock, fence, until } = step.value;
    const stuck =
      (lock !== null && lock.owner !== null) ||
      (fence !== null && !fence.signaled) ||
      (until !== null && !until());
    if (stuck) {
      const what = lock?.name ?? fence?.name ?? "a condition";
      throw new GpuvmError("DEADLOCK", `${label} has to wait (${kind}) for ${what}, and nothing else runs`, [
        what,
      ]);
    }
  }
}

/** Runs a call to its end, whatever it would wait for. @internal */
export function drain(steps: Steps<unknown>): void {
  if (!STRAIGHT) while (steps.next().done === false) {}
}
