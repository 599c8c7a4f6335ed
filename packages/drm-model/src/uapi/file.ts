import type { Steps } from "@gpuvm/core";
import type { Machine } from "../machine/machine.ts";
import type { Bo } from "../memory/bo.ts";
import type { DmaBuf } from "./dma-buf.ts";
import { handleGone } from "./handle-gone.ts";
import { LowestFree } from "./lowest-free.ts";
import { Process } from "./process.ts";
import type { SyncObj } from "./sync-obj.ts";

/**
 * How a file's last descriptor goes: its program closes it, exits (`PF_EXITING`), or was killed by SIGKILL. Waits of a
 * program that exits have limits.
 */
export type FileEnd = "close" | "exit" | "kill";

/** What a driver does when a handle is closed (`drm_gem_object_funcs.close`), before the handle's reference goes. */
export type CloseHook<B extends Bo> = (bo: B) => Steps<void>;

/** Numbers of handles below are small. */
const SMALL = 8192;

/**
 * One open of the device node (`struct drm_file`) with its handles. A handle's number is the one that the program,
 * or the recorder of its trace, gave to it.
 *
 * # Invariants
 * Each handle holds one reference on its object, and counts once in `bo.handles`.
 */
export class DrmFile<B extends Bo = Bo> {
  /** The file's number. */
  readonly id: number;
  /** The machine. */
  readonly machine: Machine;
  /** Objects by handle. */
  readonly handles: ReadonlyMap<number, B>;
  readonly #handles: Map<number, B> = new Map();
  /** The same of small numbers, without a hash: a submit looks hundreds up. */
  readonly #small: (B | undefined)[] = [];
  /** The kernel's numbers of the handles. */
  readonly numbers: LowestFree = new LowestFree();
  /** Who makes the calls; another, once a descriptor has gone to somebody else. */
  process: Process = new Process();
  /** How the last descriptor goes; whoever releases the file says so before. */
  ending: FileEnd = "close";
  /** Dma-bufs that handles were exported as, or came from, by handle; counted (`drm_prime_file_private`). */
  readonly prime: Map<number, DmaBuf> = new Map();
  /** Syncobjs by handle; counted (`syncobj_idr`). */
  readonly syncobjs: Map<number, SyncObj> = new Map();
  /** The file is closed. */
  closed = false;

  /** An open file without handles. */
  constructor(machine: Machine, id: number) {
    this.machine = machine;
    this.id = id;
    this.handles = this.#handles;
  }

  /** `file 0`, for findings. */
  get name(): string {
    return `file ${this.id}`;
  }

  /**
   * Makes a handle, which takes over the caller's reference on the object (`drm_gem_handle_create`, then the
   * creator's put). `from` is who held that reference.
   */
  publish(handle: number, bo: B, from = "creator"): void {
    const { dev, memory } = this.machine;
    if (dev.ledger !== null) dev.ledger.move(bo, from, this.#holder(handle));
    bo.handles++;
    memory.adopted(bo);
    this.#handles.set(handle, bo);
    if (handle < SMALL) this.#small[handle] = bo;
    this.numbers.take(handle);
    if (this.machine.auditing) this.machine.note(bo.name, `handle ${handle} in ${this.name}`);
  }

  /** The object of a handle, with a reference for `holder` (`drm_gem_object_lookup`), or null. */
  lookup(handle: number, holder: string | { readonly name: string }): B | null {
    const bo = handle < SMALL ? this.#small[handle] : this.#handles.get(handle);
    if (bo === undefined) return null;
    bo.get(holder);
    return bo;
  }

  /**
   * Closes a handle (`drm_gem_handle_delete`): the hook runs, then the handle's reference goes.
   *
   * @returns false if there is no such handle
   */
  *close(handle: number, hook: CloseHook<B> | null): Steps<boolean> {
    const bo = this.handles.get(handle);
    if (bo === undefined) return false;
    const { machine } = this;
    const task = machine.dev.current;
    // What was counted is no local: a call that waits differs by nothing else from one that does not.
    task.lockMark = task.locks;
    const began = machine.now;
    // From here on the number leads nowhere; the object is still held.
    this.#forget(handle);
    if (machine.auditing) machine.note(bo.name, `handle ${handle} of ${this.name} closes`);
    if (hook !== null) yield* hook(bo);
    const dmaBuf = this.prime.get(handle);
    this.prime.delete(handle);
    dmaBuf?.put(this);
    bo.handles--;
    handleGone(bo);
    if (!bo.reachable) machine.memory.orphaned(bo);
    bo.put(this.#holder(handle));
    // Only now can it be given out again.
    this.numbers.release(handle);
    machine.counts.closeLocks.add(task.locks - task.lockMark);
    machine.counts.closeWaitNs.add(machine.now - began);
    return true;
  }

  /** Closes every handle, in the order of their numbers, as the end of a file does (`drm_gem_release`). */
  *closeAll(hook: CloseHook<B> | null): Steps<void> {
    for (const handle of this.numbers.names()) yield* this.close(handle, hook);
  }

  #forget(handle: number): void {
    this.#handles.delete(handle);
    const small = this.#small;
    if (handle < SMALL) small[handle] = undefined;
    // It tells nothing of handles that were there once.
    while (small.length > 0 && small[small.length - 1] === undefined) small.pop();
  }

  #holder(handle: number): string {
    return this.machine.dev.ledger === null ? "" : `handle ${handle} of ${this.name}`;
  }
}
