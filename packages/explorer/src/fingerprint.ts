import {
  DmaFence,
  DmaResv,
  DrmDevice,
  DrmGemObject,
  DrmGpuvm,
  DrmGpuvmBo,
  gpuvaBo,
  gpuvmFirstVa,
  gpuvmNextVa,
  Ledger,
  List,
  ListNode,
  Lock,
  Lockdep,
  Task,
} from "@gpuvm/core";
import { Counts, Machine, Memory, PageTable, PteMap, Timers, VmRecord } from "@gpuvm/drm-model";
import { Hash, hashString } from "./hash.ts";
import type { Slot } from "./slot.ts";
import type { World } from "./world.ts";

/** Fields that say who somebody is, or what was counted, and not in which state he is. */
const SKIP: ReadonlySet<string> = new Set([
  "id",
  "slot",
  "name",
  "label",
  "dev",
  "machine",
  "funcs",
  "ops",
  "policy",
  "counts",
  "retained",
  "context",
  "seqno",
  "lockdep",
  // Numbers of rows: which mapping it is, the walk of the list says.
  "vaHead",
  "vaTail",
]);

/** Fields of a VM whose part in the state is taken from the tree. */
const VM_SKIP: ReadonlySet<string> = new Set(["vas", "index", "walk", "pool", "exact", "bos", "freeSlots"]);

/** Classes with nothing in them that makes a difference, or whose part in the state is taken from elsewhere. */
const OPAQUE: readonly unknown[] = [Machine, DrmDevice, Task, Ledger, Lockdep, Counts, Memory, Timers];

/**
 * The state of a run as 64 bits: what every object holds, is on, and is locked by; every mapping and every page-table
 * run; and where everybody stands. Objects are numbered in the order in which the walk comes to them, so states that
 * differ in the numbers of BOs, VMs and fences only are one (symmetry). What a call keeps in local variables is taken
 * to follow from the stops it made.
 */
export class Fingerprint {
  /** The last state's. */
  readonly hash: Hash = new Hash();
  readonly #seen = new Map<object, number>();
  readonly #keys = new Map<unknown, readonly string[]>();
  readonly #owners = new Map<Task, number>();

  /** Takes the state of a run; with `where` false without the positions: what the run has come to. */
  take(world: World, where = true): Hash {
    const { hash } = this;
    hash.reset();
    this.#seen.clear();
    this.#owners.clear();
    const { slots, machine } = world;
    for (let i = 0; i < slots.length; i++) this.#owners.set((slots[i] as Slot).task, i + 1);
    if (where) this.#positions(slots);
    for (const [id, file] of world.files) {
      hash.int(id);
      this.#any(file);
    }
    this.#any(world.driver);
    this.#map(world.bag);
    for (const bo of machine.memory.objects) this.#any(bo);
    for (const record of machine.vms) if (!record.freed) this.#any(record);
    hash.int(machine.timers.size);
    return hash;
  }

  #positions(slots: readonly Slot[]): void {
    const { hash } = this;
    let workers = 0;
    for (const slot of slots) {
      if (slot.actor !== null) {
        hash.int(slot.path);
        hash.int(slot.begun);
        hash.int(slot.thread === null ? 0 : 1);
      } else if (!slot.idle) {
        const at = slot.path ^ (slot.queue.length + (slot.thread === null ? 0 : 64));
        workers = (workers + Math.imul(hashString(slot.name) ^ Math.imul(at, 0x9e3779b1), 0x85ebca6b)) | 0;
      }
    }
    hash.int(workers);
    let order = 1;
    for (let i = 0; i < slots.length; i++) {
      const { stamp, wounds } = slots[i] as Slot;
      for (let j = 0; wounds && stamp > 0 && j < i; j++) {
        const { stamp: other, wounds: too } = slots[j] as Slot;
        if (too && other > 0) order = Math.imul(order, 3) + (other < stamp ? 1 : 2);
      }
    }
    hash.int(order);
  }

  #any(value: unknown): void {
    const { hash } = this;
    switch (typeof value) {
      case "number":
        hash.num(value);
        return;
      case "boolean":
        hash.int(value ? 3 : 5);
        return;
      case "string":
        hash.int(hashString(value));
        return;
      case "object":
        if (value === null) hash.int(7);
        else this.#object(value);
        return;
      default:
        hash.int(11);
    }
  }

  #object(value: object): void {
    const { hash } = this;
    const n = this.#seen.get(value);
    if (n !== undefined) {
      hash.int(n);
      return;
    }
    this.#seen.set(value, this.#seen.size + 1);
    if (value instanceof DrmGemObject) this.#gem(value);
    else if (value instanceof DrmGpuvmBo) this.#vmBo(value);
    else if (value instanceof DrmGpuvm) this.#vm(value);
    else if (value instanceof Lock) this.#lock(value);
    else if (value instanceof DmaFence) hash.int(value.signaled ? 1 - value.error : 0);
    else if (value instanceof List) this.#list(value as List<object>);
    else if (value instanceof ListNode) hash.int(value.list === null ? 0 : (this.#seen.get(value.list) ?? 1));
    else if (value instanceof VmRecord) this.#record(value);
    else if (value instanceof PageTable) this.#ptes(value.ptes);
    else if (value instanceof PteMap) this.#ptes(value);
    else if (value instanceof Map) this.#map(value);
    else if (value instanceof Set || Array.isArray(value)) this.#elements(value as Iterable<unknown>);
    else if (ArrayBuffer.isView(value)) this.#elements(value as unknown as Iterable<unknown>);
    else this.#fields(value);
  }

  #fields(value: object): void {
    const maker = value.constructor;
    if (OPAQUE.includes(maker)) return;
    for (const key of this.#keysOf(value, maker)) this.#any((value as Record<string, unknown>)[key]);
  }

  /** Fields of an object literal are asked for each time; those of a class once. */
  #keysOf(value: object, maker: unknown): readonly string[] {
    let keys = maker === Object ? undefined : this.#keys.get(maker);
    if (keys === undefined) {
      keys = Object.keys(value).filter((key) => {
        if (value instanceof DrmGpuvm && VM_SKIP.has(key)) return false;
        return !SKIP.has(key) && typeof (value as Record<string, unknown>)[key] !== "function";
      });
      if (maker !== Object) this.#keys.set(maker, keys);
    }
    return keys;
  }

  #gem(obj: DrmGemObject): void {
    this.hash.int(obj.refs);
    this.#fields(obj);
  }

  #vmBo(vmBo: DrmGpuvmBo): void {
    const { hash } = this;
    hash.int(vmBo.refs * 4 + (vmBo.evicted ? 2 : 0) + (vmBo.freed ? 1 : 0));
    hash.int((vmBo.onExtobj.list === null ? 0 : 1) + (vmBo.onEvict.list === null ? 0 : 2));
    const { vas } = vmBo.vm;
    for (let va = vmBo.vaHead; va !== 0; va = vas.next(va)) hash.num(vas.addr(va));
    this.#fields(vmBo);
  }

  #vm(vm: DrmGpuvm): void {
    const { hash } = this;
    hash.int(vm.refs);
    const { vas } = vm;
    for (let va = gpuvmFirstVa(vm); va !== 0; va = gpuvmNextVa(vm, va)) {
      hash.num(vas.addr(va));
      hash.num(vas.range(va));
      hash.num(vas.offset(va));
      hash.int(vas.flags(va));
      const vmBo = gpuvaBo(vm, va);
      if (vmBo !== null) this.#object(vmBo);
    }
    hash.int(vas.live);
    for (let zombie = vm.deferred; zombie !== null; zombie = zombie.deferNext) this.#object(zombie);
    this.#fields(vm);
  }

  #record(record: VmRecord): void {
    this.#any(record.vm);
    this.#any(record.pt);
  }

  #lock(lock: Lock): void {
    const { hash } = this;
    hash.int(lock.owner === null ? 0 : (this.#owners.get(lock.owner) ?? -1));
    if (!(lock instanceof DmaResv) || lock.busy(3) === null) return;
    for (const { fence, usage } of lock.pending()) {
      hash.int(usage);
      this.#object(fence);
    }
  }

  #list(list: List<object>): void {
    this.hash.int(list.length);
    for (let node = list.head; node !== null; node = node.next) this.#object(node.owner);
  }

  #ptes(ptes: PteMap): void {
    const { hash } = this;
    for (const run of ptes.runs()) {
      hash.num(run.start);
      hash.num(run.end);
      hash.num(run.offset);
      if (run.bo !== null) this.#object(run.bo);
    }
    hash.int(ptes.size);
  }

  #map(map: ReadonlyMap<unknown, unknown>): void {
    this.hash.int(map.size);
    for (const [key, value] of map) {
      this.#any(key);
      this.#any(value);
    }
  }

  #elements(values: Iterable<unknown>): void {
    let n = 0;
    for (const value of values) {
      this.#any(value);
      n++;
    }
    this.hash.int(n);
  }
}
