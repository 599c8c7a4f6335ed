import type { DrmDevice } from "./device.ts";
import { EALREADY, EDEADLK, EINTR, EINVAL, type Errno } from "./errno.ts";
import type { DmaFence } from "./fence.ts";
import { DRM_EXEC_IGNORE_DUPLICATES } from "./flags.ts";
import type { DrmGemObject } from "./gem.ts";
import { type DmaResv, WwTicket } from "./resv.ts";
import type { Interruptible, Steps } from "./steps.ts";

/** Nothing is locked yet: an array is made with room for one, where `push` makes room for seventeen. */
const NONE: DrmGemObject[] = [];

/** {@link DrmExec.lockNow} could not go on; never an answer of the kernel's. */
export const MUST_STOP: number = 1;

/**
 * Locks any number of objects' dma_resvs without deadlock (`struct drm_exec`):
 *
 * ```ts
 * const exec = new DrmExec(dev, DRM_EXEC_IGNORE_DUPLICATES);
 * while (exec.untilAllLocked()) {
 *   ret = yield* exec.prepareObj(obj, 1);
 *   if (exec.contended !== null) continue; // drm_exec_retry_on_contention: directly behind each locking call
 *   if (ret !== 0) break;
 * }
 * // ... add fences ...
 * exec.fini();
 * ```
 */
export class DrmExec {
  /** `DRM_EXEC_*`. */
  readonly flags: number;
  /** Locked objects, in order of locking; counted. */
  objects: DrmGemObject[] = NONE;
  /** The object that another ticket holds, or null; counted. */
  contended: DrmGemObject | null = null;
  /** Rounds begun: more than one means that there was contention. */
  rounds = 0;
  /** Lets locking an object fail with -EDEADLK, as `CONFIG_DEBUG_WW_MUTEX_SLOWPATH` does. */
  injectContention: ((obj: DrmGemObject) => boolean) | null = null;
  /** Whose signals end its waits (`DRM_EXEC_INTERRUPTIBLE_WAIT`); null: nobody's. */
  interrupt: Interruptible | null = null;
  /** Shown in the ledger. */
  readonly name: string;
  readonly #dev: DrmDevice;
  readonly #ticket: WwTicket;
  #prelocked: DrmGemObject | null = null;
  #finished = false;

  /** Starts (`drm_exec_init`). */
  constructor(dev: DrmDevice, flags = 0, name = "drm_exec") {
    this.#dev = dev;
    this.flags = flags;
    this.name = name;
    this.#ticket = new WwTicket(dev.serial());
  }

  /** Whether the loop body is to run (again) (`drm_exec_until_all_locked`): the first time, and after contention. */
  untilAllLocked(): boolean {
    if (this.rounds === 0) {
      this.rounds = 1;
      return true;
    }
    if (this.contended !== null) {
      this.#unlockAll();
      this.rounds++;
      return true;
    }
    if (this.#prelocked !== null) {
      // Locked for the new round, but not asked for in it.
      this.#prelocked.resv.release(this.#dev.current);
      this.#prelocked.put(this);
      this.#prelocked = null;
    }
    return false;
  }

  /**
   * Locks an object's dma_resv (`drm_exec_lock_obj`).
   *
   * @returns 0; -EINTR: a signal ended the wait; -EDEADLK: an older ticket holds it, and this one holds others: start over; -EALREADY: locked before, and duplicates are
   * not ignored
   */
  *lockObj(obj: DrmGemObject): Steps<Errno> {
    if (this.contended !== null && !(yield* this.#lockContended())) return -EINTR;
    const ret = this.lockNow(obj);
    if (ret !== MUST_STOP) return ret;
    const dev = this.#dev;
    const { resv } = obj;
    if (this.injectContention?.(obj)) return this.#backOff(obj);
    if (dev.stopsFor("preempt", "drm_exec_lock_obj")) yield dev.point;
    // Apart, as whoever makes a function that captures something has room made for that at the beginning, used or not.
    const waited = resv.owner === null ? 0 : yield* this.#wait(obj);
    if (waited !== 0) return waited;
    this.#take(obj);
    obj.get(this);
    this.#add(obj);
    return 0;
  }

  /**
   * {@link DrmExec.lockObj} where nothing stops it, without a generator: a submit locks hundreds of objects, and
   * nearly none is contended.
   *
   * @returns as `lockObj`, or {@link MUST_STOP}: nothing was done, call `lockObj`
   */
  lockNow(obj: DrmGemObject): Errno {
    if (this.contended !== null) return MUST_STOP;
    if (this.#prelocked === obj) {
      this.#prelocked = null;
      this.#add(obj);
      return 0;
    }
    const { resv } = obj;
    if (resv.ticket === this.#ticket) return this.flags & DRM_EXEC_IGNORE_DUPLICATES ? 0 : -EALREADY;
    if (this.#dev.stepping || resv.owner !== null || this.injectContention !== null) return MUST_STOP;
    this.#take(obj);
    obj.get(this);
    this.#add(obj);
    return 0;
  }

  /** As {@link DrmExec.lockNow}, then reserves `n` slots; `n` 0: none. */
  prepareNow(obj: DrmGemObject, n: number): Errno {
    const ret = this.lockNow(obj);
    if (ret !== 0 || n === 0) return ret;
    obj.resv.reserve(n);
    return 0;
  }

  /** Locks and reserves `n` fence slots, at least one (`drm_exec_prepare_obj`); -EINVAL for 0. */
  *prepareObj(obj: DrmGemObject, n: number): Steps<Errno> {
    const ret = yield* this.lockObj(obj);
    if (ret !== 0) return ret;
    if (obj.resv.reserve(n) === 0) return 0;
    this.#dev.warn("drm_exec_prepare_obj without fence slots");
    this.unlockObj(obj);
    return -EINVAL;
  }

  /** Locks and reserves for each object (`drm_exec_prepare_array`). */
  *prepareArray(objs: readonly DrmGemObject[], n: number): Steps<Errno> {
    if (objs.length === 0 && this.contended !== null && !(yield* this.#lockContended())) return -EINTR;
    for (const obj of objs) {
      let ret = n === 0 ? MUST_STOP : this.prepareNow(obj, n);
      if (ret === MUST_STOP) ret = yield* this.prepareObj(obj, n);
      if (ret !== 0) return ret;
    }
    return 0;
  }

  /** Unlocks one object (`drm_exec_unlock_obj`). */
  unlockObj(obj: DrmGemObject): void {
    const at = this.objects.lastIndexOf(obj);
    if (at < 0) return;
    this.objects.splice(at, 1);
    obj.resv.release(this.#dev.current);
    obj.put(this);
  }

  /** Adds a fence to every locked object. */
  addFence(fence: DmaFence, usage: number): void {
    for (const obj of this.objects) obj.resv.addFence(fence, usage);
  }

  /** Unlocks everything, in reverse order (`drm_exec_fini`). */
  fini(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#unlockAll();
    if (this.contended !== null) {
      this.contended.put(this);
      this.contended = null;
    }
  }

  /** Wait/die, as the ww class of dma_resv is: who holds something, and is younger than the owner, must not wait. */
  #dies(resv: DmaResv): boolean {
    const holds = this.objects.length > 0 || this.#prelocked !== null;
    return holds && resv.ticket !== null && resv.ticket.stamp < this.#ticket.stamp;
  }

  #add(obj: DrmGemObject): void {
    if (this.objects === NONE) this.objects = [obj];
    else this.objects.push(obj);
  }

  #take(obj: DrmGemObject): void {
    obj.resv.acquire(this.#dev.current);
    obj.resv.ticket = this.#ticket;
  }

  #backOff(obj: DrmGemObject): Errno {
    this.contended = obj.get(this);
    return -EDEADLK;
  }

  /** The lock may change hands during the wait: then it is to be seen anew who is older. */
  *#wait(obj: DrmGemObject): Steps<Errno> {
    const { resv } = obj;
    const dev = this.#dev;
    while (resv.owner !== null) {
      if (this.#dies(resv)) return this.#backOff(obj);
      if (this.interrupt?.killed === true) return -EINTR;
      dev.assertNotOwner(resv, "drm_exec_lock_obj");
      const until = () => resv.owner === null || this.#dies(resv) || this.interrupt?.killed === true;
      if (dev.waitsUntil(until, "drm_exec_lock_obj")) yield dev.point;
    }
    return 0;
  }

  /** Sleeps on the object over which the last round failed: nothing is held, so it is safe to wait. False: a signal came. */
  *#lockContended(): Steps<boolean> {
    const dev = this.#dev;
    const obj = this.contended as DrmGemObject;
    if (dev.stopsAt(obj.resv, "drm_exec_lock_contended")) {
      dev.point.interrupt = this.interrupt;
      yield dev.point;
    }
    this.contended = null;
    if (obj.resv.owner !== null) {
      obj.put(this);
      return false;
    }
    this.#take(obj);
    this.#prelocked = obj;
    return true;
  }

  #unlockAll(): void {
    const { current } = this.#dev;
    if (this.#prelocked !== null) {
      this.#prelocked.resv.release(current);
      this.#prelocked.put(this);
      this.#prelocked = null;
    }
    const { objects } = this;
    this.objects = NONE;
    for (let i = objects.length - 1; i >= 0; i--) {
      const obj = objects[i] as DrmGemObject;
      obj.resv.release(current);
      obj.put(this);
    }
  }
}
