import * as core from "@gpuvm/core";
import {
  BlockIndex,
  DmaFence,
  DmaResv,
  DrmDevice,
  DrmGpuvm,
  DrmGpuvmBo,
  gpuvaBo,
  gpuvaObj,
  gpuvmFirstVa,
  gpuvmNextVa,
  Ledger,
  Lock,
  Lockdep,
  OpUnmap,
  Task,
  VaTable,
  WwTicket,
} from "@gpuvm/core";
import { Frame } from "@gpuvm/core/undo";
import * as model from "@gpuvm/drm-model";
import { Counts, Machine, Memory, PteMap, Timers, VmRecord } from "@gpuvm/drm-model";
import { Slot } from "../engine/slot.ts";
import { World } from "../engine/world.ts";
import type { Walk } from "./walk.ts";

/** What an object is to the walk. */
export interface Kind {
  /** Hashes what it holds. */
  readonly hash: (walk: Walk, value: never) => void;
  /** Objects of its own of which nothing is hashed but through it: a write to one is a write to it. */
  readonly stores: ((value: never) => readonly unknown[]) | null;
  /** Whether one of the setup changes without a write to it. */
  readonly always: ((value: never) => boolean) | null;
}

/**
 * Fields of classes of the core and the model that say who somebody is, or what was counted, and not in which state he is.
 * Fields of a policy's own classes all count.
 */
const SKIP: ReadonlySet<string> = new Set([
  "id",
  "slot",
  "name",
  "label",
  "key",
  "cls",
  "dev",
  "machine",
  "policy",
  "counts",
  "retained",
  "context",
  "lockdep",
  // Numbers of rows: which mapping it is, the walk of the list says.
  "vaHead",
  "vaTail",
  // Sums and peaks of what page tables, trees and lists hold.
  "tables",
  "tablesPeak",
  "levels",
]);

/** What a record of a VM counts. */
const RECORD_SKIP: ReadonlySet<string> = new Set([
  "steps",
  "teardown",
  "prevPieces",
  "nextPieces",
  "kept",
  "peakMappings",
  "bytesMapped",
  "bytesMappedPeak",
  "finalMappings",
  "internal",
]);

/** Fields of a VM whose part in the state is taken from the tree. */
const VM_SKIP: ReadonlySet<string> = new Set(["vas", "index", "walk", "pool", "exact", "bos", "freeSlots"]);

/** Classes with nothing in them that makes a difference, or whose part in the state is taken from elsewhere. */
const OPAQUE: ReadonlySet<unknown> = new Set([
  World,
  Slot,
  Machine,
  DrmDevice,
  Task,
  Ledger,
  Lockdep,
  Counts,
  Memory,
  Timers,
  // The rows and the index of a VM: what is in them is hashed with the VM.
  VaTable,
  BlockIndex,
]);

/** Classes that the lists of fields above are about. */
const KNOWN: ReadonlySet<unknown> = new Set([...Object.values(core), ...Object.values(model)]);

function isKnown(value: object): boolean {
  let proto = Object.getPrototypeOf(value) as object | null;
  while (proto !== null && !KNOWN.has(proto.constructor))
    proto = Object.getPrototypeOf(proto) as object | null;
  return proto !== null;
}

/** The fields that count. */
function fieldsOf(value: object): string[] {
  const known = isKnown(value);
  return Object.keys(value).filter((key) => {
    // Private fields are known by their last part: `_$PageTable$levels`.
    const name = key.slice(key.lastIndexOf("$") + 1);
    if (known && SKIP.has(name)) return false;
    if (value instanceof VmRecord && RECORD_SKIP.has(name)) return false;
    if (value instanceof DrmGpuvm && VM_SKIP.has(name)) return false;
    return !(value instanceof OpUnmap && key === "va");
  });
}

/** A function for all objects of one class: their fields are asked for by name. */
function compiled(value: object, only?: (key: string) => boolean): Kind["hash"] {
  const keys = fieldsOf(value).filter((key) => only?.(key) ?? true);
  const lines = keys.map((key) => `walk.any(value[${JSON.stringify(key)}]);`);
  // oxlint-disable-next-line typescript/no-implied-eval -- names of fields, which are quoted, and nothing else
  return new Function("walk", "value", lines.join("\n")) as Kind["hash"];
}

function kind(hash: (walk: Walk, value: never) => void, more: Partial<Kind> = {}): Kind {
  return { stores: null, always: null, ...more, hash };
}

/** What to look at in an object: the same for all of its class. */
export function kindOf(value: object): Kind {
  if (OPAQUE.has(value.constructor)) return kind(() => {});
  if (typeof value === "function") return kind(() => {});
  if (ArrayBuffer.isView(value) || Array.isArray(value) || value instanceof Set) return kind(elements);
  if (value instanceof Map) return kind(entries);
  if (value instanceof WeakMap || value instanceof WeakSet) return kind(() => {});
  if (value instanceof Frame) return kind(frame);
  if (value instanceof WwTicket) return kind((walk, ticket: WwTicket) => walk.ticket(ticket));
  if (value instanceof DmaFence) {
    const rest = compiled(value, (key) => !["signaled", "error", "seqno"].includes(key));
    return kind((walk, fence: DmaFence) => {
      walk.hash.int(fence.signaled ? 1 - fence.error : 0);
      if (fence.signaled) return;
      walk.timeline(fence.context, fence.seqno);
      rest(walk, fence as never);
    });
  }
  if (value instanceof Lock) {
    const isStore = (key: string) => /\$(?:fences|usages|slots)$/.test(key);
    const rest = compiled(value, (key) => key !== "owner" && !isStore(key));
    const stores = (lock: Record<string, unknown>) =>
      Object.keys(lock)
        .filter(isStore)
        .map((key) => lock[key]);
    return kind(
      (walk, lock: Lock) => {
        walk.task(lock.owner);
        rest(walk, lock as never);
        if (lock instanceof DmaResv) reservations(walk, lock);
      },
      // A fence signals without a word to the lists that it is on.
      { stores: stores as never, always: (lock: Lock) => lock instanceof DmaResv && isBusy(lock) },
    );
  }
  if (value instanceof PteMap) {
    const stores = (ptes: object) => Object.values(ptes).filter((store) => typeof store === "object");
    return kind(runs, { stores: stores as never });
  }
  if (value instanceof DrmGpuvm) {
    const rest = compiled(value);
    return kind(
      (walk, vm: DrmGpuvm) => {
        mappings(walk, vm);
        rest(walk, vm as never);
      },
      { stores: (vm: DrmGpuvm) => [vm.vas, vm.index, vm.bos] as never },
    );
  }
  if (value instanceof DrmGpuvmBo) {
    const rest = compiled(value);
    return kind((walk, vmBo: DrmGpuvmBo) => {
      const { vas } = vmBo.vm;
      for (let va = vmBo.vaHead; va !== 0; va = vas.next(va)) walk.hash.num(vas.addr(va));
      rest(walk, vmBo as never);
    });
  }
  const isLiteral = value.constructor === Object || value.constructor === undefined;
  return kind(isLiteral ? literal : compiled(value));
}

/** Fields of an object literal are asked for each time. */
function literal(walk: Walk, value: Record<string, unknown>): void {
  for (const key in value) {
    walk.name(key);
    walk.any(value[key]);
  }
}

function elements(walk: Walk, values: Iterable<unknown>): void {
  let n = 0;
  for (const value of values) {
    walk.any(value);
    n++;
  }
  walk.hash.int(n);
}

function entries(walk: Walk, map: ReadonlyMap<unknown, unknown>): void {
  walk.hash.int(map.size);
  for (const [key, value] of map) {
    walk.any(key);
    walk.any(value);
  }
}

/** A call: where it stands, and its locals. */
function frame(walk: Walk, call: Frame): void {
  const { hash } = walk;
  hash.int(call.site);
  if (call.done) {
    hash.int(-1);
    return;
  }
  hash.int(call.n);
  if (call.tries !== null) {
    hash.int(call.p);
    for (const entry of call.tries) {
      walk.any(entry[4]);
      walk.any(entry[5]);
    }
  }
  if (call.locals !== null) for (const local of call.locals()) walk.any(local);
  walk.any(call.delegate);
}

/** The fences of a dma_resv, signalled ones too until their places are taken, and how many more may be added. */
function reservations(walk: Walk, resv: DmaResv): void {
  const fences = resv.visible(core.USAGE_BOOKKEEP);
  for (const { fence, usage } of fences) {
    walk.hash.int(usage);
    walk.any(fence);
  }
  walk.hash.int(fences.length);
  walk.hash.int(resv.room);
}

function isBusy(resv: DmaResv): boolean {
  return resv.busy(core.USAGE_BOOKKEEP) !== null;
}

function runs(walk: Walk, ptes: PteMap): void {
  const { hash } = walk;
  for (const { start, end, offset, bo } of ptes.runs()) {
    hash.num(start);
    hash.num(end);
    hash.num(offset);
    walk.any(bo);
  }
  hash.int(ptes.size);
}

function mappings(walk: Walk, vm: DrmGpuvm): void {
  const { hash } = walk;
  const { vas } = vm;
  for (let va = gpuvmFirstVa(vm); va !== 0; va = gpuvmNextVa(vm, va)) {
    hash.num(vas.addr(va));
    hash.num(vas.range(va));
    hash.num(vas.offset(va));
    hash.int(vas.flags(va));
    walk.any(gpuvaBo(vm, va) ?? gpuvaObj(vm, va));
  }
  hash.int(vas.live);
  walk.vm(vm);
}
