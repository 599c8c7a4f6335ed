import { GpuvmError } from "./error.ts";
import type { Task } from "./task.ts";

/** What a lock tells when it is taken and let go; `Lockdep` is the one who wants to know. */
export interface LockChecks {
  /** It is being taken; `tried`: only if it is free. */
  acquire(task: Task, lock: Lock, tried: boolean): void;
  /** It is let go. */
  release(task: Task, lock: Lock): void;
}

/** A sleeping lock with one owner: a mutex, a rwsem taken for writing, the lock part of a dma_resv. */
export class Lock {
  /** The lock's class in lockdep's sense: order is checked between classes. */
  readonly cls: string;
  /** Who holds it, or null. */
  owner: Task | null = null;
  /** @internal */
  readonly lockdep: LockChecks | null;
  readonly #name: string;
  readonly #id: { readonly name: string } | null;

  /** A free lock, shown as `name`, or as `name` of `of`. `lockdep` null: no checks. */
  constructor(
    name: string,
    cls: string,
    lockdep: LockChecks | null,
    of: { readonly name: string } | null = null,
  ) {
    this.#name = name;
    this.#id = of;
    this.cls = cls;
    this.lockdep = lockdep;
  }

  /** Shown in errors: `gpuva lock of bo#3`. Made when it is asked for: nearly no lock is. */
  get name(): string {
    return this.#id === null ? this.#name : `${this.#name} of ${this.#id.name}`;
  }

  /**
   * Takes the lock, which must be free: whoever may have to wait stops first (`DrmDevice.stopsAt`).
   *
   * @throws GpuvmError `DEADLOCK` if it is held.
   */
  acquire(task: Task): void {
    if (this.owner !== null) this.#held(task);
    if (this.lockdep !== null) this.lockdep.acquire(task, this, false);
    this.owner = task;
    task.locks++;
  }

  /** Takes the lock if it is free (`mutex_trylock`). Never a violation of lock order. */
  tryAcquire(task: Task): boolean {
    if (this.owner !== null) return false;
    if (this.lockdep !== null) this.lockdep.acquire(task, this, true);
    this.owner = task;
    task.locks++;
    return true;
  }

  /**
   * Lets go.
   *
   * @throws GpuvmError `LOCK_NOT_HELD` if `task` is not the owner.
   */
  release(task: Task): void {
    if (this.owner !== task) {
      throw new GpuvmError("LOCK_NOT_HELD", `${task.name} unlocks ${this.name}, which ${this.#by()}`, [
        this.name,
      ]);
    }
    if (this.lockdep !== null) this.lockdep.release(task, this);
    this.owner = null;
  }

  #by(): string {
    return this.owner === null ? "nobody holds" : `${this.owner.name} holds`;
  }

  #held(task: Task): never {
    const self = this.owner === task ? " (a self-deadlock)" : "";
    throw new GpuvmError("DEADLOCK", `${task.name} takes ${this.name}, which ${this.#by()}${self}`, [
      this.name,
    ]);
  }
}
