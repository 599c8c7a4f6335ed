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
  OpUnmap,
  Task,
} from "@gpuvm/core";
import { Counts, GpuView, Machine, Memory, PteMap, Timers, VmRecord } from "@gpuvm/drm-model";
import { Hash, hashString, join } from "./hash.ts";
import { deferredBy, plainGet } from "./lookups.ts";
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

/** The number that the last walk gave to an object. */
const SEEN = Symbol("seen");

interface Seen {
  [SEEN]?: number;
}

/** The last number given to any object, by whichever fingerprint. */
let last = 0;

/** What an object is to the fingerprint. */
const Kind = {
  plain: 0,
  opaque: 1,
  gem: 2,
  vmBo: 3,
  vm: 4,
  lock: 5,
  fence: 6,
  list: 7,
  node: 8,
  record: 9,
  table: 10,
  ptes: 11,
  map: 12,
  elements: 13,
} as const;
type Kind = (typeof Kind)[keyof typeof Kind];

/** Classes by kind; an object is of the first that it is an instance of. */
const KINDS: readonly (readonly [new (...args: never[]) => object, Kind])[] = [
  [DrmGemObject, Kind.gem],
  [DrmGpuvmBo, Kind.vmBo],
  [DrmGpuvm, Kind.vm],
  [Lock, Kind.lock],
  [DmaFence, Kind.fence],
  [List, Kind.list],
  [ListNode, Kind.node],
  [VmRecord, Kind.record],
  [GpuView, Kind.table],
  [PteMap, Kind.ptes],
  [Map, Kind.map],
  [Set, Kind.elements],
  [Array, Kind.elements],
];

function kindOf(value: object): Kind {
  if (OPAQUE.includes(value.constructor)) return Kind.opaque;
  if (ArrayBuffer.isView(value)) return Kind.elements;
  return KINDS.find(([maker]) => value instanceof maker)?.[1] ?? Kind.plain;
}

/**
 * The state of a run as 64 bits: what every object holds, is on, and is locked by; every mapping and every page-table
 * run; and where everybody stands. Objects are numbered in the order in which the walk comes to them, so states that
 * differ in the numbers of BOs, VMs and fences only are one (symmetry). What a call keeps in local variables is taken
 * to follow from the stops it made.
 */
export class Fingerprint {
  /** The last state's. */
  readonly hash: Hash = new Hash();
  readonly #kinds = new Map<unknown, Kind>();
  /** Objects that the walk has come to have a number above this one. */
  #base = 0;
  readonly #keys = new Map<unknown, readonly string[]>();
  readonly #owners = new Map<Task, number>();

  /** Takes the state of a run; with `where` false without the positions: what the run has come to. */
  take(world: World, where = true): Hash {
    const { hash } = this;
    hash.reset();
    this.#base = last;
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
    for (const { at, fn } of machine.timers.list()) {
      hash.num(at - machine.now);
      hash.int(deferredBy(fn));
    }
    hash.int(machine.timers.size);
    if (where) this.#waits(slots);
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
        let at = join(slot.path, slot.thread === null ? 0 : 1);
        for (const { start } of slot.queue) at = join(at, deferredBy(start));
        workers = (workers + Math.imul(hashString(slot.name) ^ Math.imul(at, 0x9e3779b1), 0x85ebca6b)) | 0;
      }
    }
    hash.int(workers);
    let order = 1;
    for (let i = 0; i < slots.length; i++) {
      const { stamp, tickets } = slots[i] as Slot;
      for (let j = 0; tickets > 0 && j < i; j++) {
        const { stamp: other, tickets: too } = slots[j] as Slot;
        if (too > 0) order = Math.imul(order, 3) + (other < stamp ? 1 : 2);
      }
    }
    hash.int(order);
  }

  /** What everybody waits for, as the walk has numbered it. */
  #waits(slots: readonly Slot[]): void {
    for (const { actor, thread, waits } of slots) {
      if (actor === null || thread === null || waits === null) continue;
      this.#any(waits.lock);
      this.#any(waits.fence);
      this.#any(thread.ready());
    }
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
    const n = (value as Seen)[SEEN];
    if (n !== undefined && n > this.#base) {
      hash.int(n - this.#base);
      return;
    }
    if (Object.isExtensible(value)) (value as Seen)[SEEN] = ++last;
    switch (this.#kindOf(value)) {
      case Kind.opaque:
        return;
      case Kind.gem:
        this.#gem(value as DrmGemObject);
        return;
      case Kind.vmBo:
        this.#vmBo(value as DrmGpuvmBo);
        return;
      case Kind.vm:
        this.#vm(value as DrmGpuvm);
        return;
      case Kind.lock:
        this.#lock(value as Lock);
        return;
      case Kind.fence: {
        const { signaled, error } = value as DmaFence;
        hash.int(signaled ? 1 - error : 0);
        return;
      }
      case Kind.list:
        this.#list(value as List<object>);
        return;
      case Kind.node: {
        const { list } = value as ListNode<object>;
        const at = list === null ? 0 : ((list as Seen)[SEEN] ?? 0);
        hash.int(list === null ? 0 : Math.max(1, at - this.#base));
        return;
      }
      case Kind.record:
        this.#any((value as VmRecord).vm);
        this.#any((value as VmRecord).pt);
        return;
      case Kind.table:
        this.#ptes((value as GpuView).ptes);
        return;
      case Kind.ptes:
        this.#ptes(value as PteMap);
        return;
      case Kind.map:
        this.#map(value as Map<unknown, unknown>);
        return;
      case Kind.elements:
        this.#elements(value as Iterable<unknown>);
        return;
      default:
        this.#fields(value);
    }
  }

  /** What to look at in an object: the same for all of its class. */
  #kindOf(value: object): Kind {
    const maker = value.constructor;
    let kind = plainGet.call(this.#kinds, maker) as Kind | undefined;
    if (kind === undefined) {
      kind = kindOf(value);
      this.#kinds.set(maker, kind);
    }
    return kind;
  }

  #fields(value: object): void {
    for (const key of this.#keysOf(value, value.constructor))
      this.#any((value as Record<string, unknown>)[key]);
  }

  /** Fields of an object literal are asked for each time; those of a class once. */
  #keysOf(value: object, maker: unknown): readonly string[] {
    let keys =
      maker === Object ? undefined : (plainGet.call(this.#keys, maker) as readonly string[] | undefined);
    if (keys === undefined) {
      keys = Object.keys(value).filter((key) => {
        if (value instanceof DrmGpuvm && VM_SKIP.has(key)) return false;
        if (value instanceof OpUnmap && key === "va") return false;
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
