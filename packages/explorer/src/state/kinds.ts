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
import { Counts, Machine, Memory, PteMap, Timer, Timers, VmRecord } from "@gpuvm/drm-model";
import { Slot } from "../engine/slot.ts";
import { World } from "../engine/world.ts";
import type { Kind, Reading } from "./kind.ts";

/**
 * Fields of any class that say who somebody is, in messages or as a key that somebody else has, and the most that there ever
 * was of something, which is for reports.
 */
const WHO = /^(?:id|name|label)$|Peak$/;

/** Fields of any class or literal that hold, where they are lists of fences, those for which something waits. */
const WAITS = /^(?:after|lastFence)$/;

/**
 * Fields of classes of the core and the model that say who somebody is, or what was counted, and not in which state he is.
 * Fields of a policy's own classes all count.
 */
const SKIP: ReadonlySet<string> = new Set([
  "slot",
  "seq",
  "key",
  "cls",
  "dev",
  "machine",
  "policy",
  "counts",
  "retained",
  "context",
  "lockdep",
  // Of a fence: the one before it on its timeline, which the numbers say.
  "before",
  // Numbers of rows: which mapping it is, the walk of the list says.
  "vaHead",
  "vaTail",
  // Sums and peaks of what page tables, trees and lists hold.
  "tables",
  "levels",
  // How often a drm_exec began anew, for reports.
  "rounds",
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
    if (WHO.test(name) || (known && SKIP.has(name))) return false;
    if (value instanceof VmRecord && RECORD_SKIP.has(name)) return false;
    if (value instanceof DrmGpuvm && VM_SKIP.has(name)) return false;
    return !(value instanceof OpUnmap && key === "va");
  });
}

/** A function for all objects of one class: their fields are asked for by name. */
function compiled(value: object, only?: (key: string) => boolean): Kind["hash"] {
  const keys = fieldsOf(value).filter((key) => only?.(key) ?? true);
  const lines = keys.map(
    (key) => `reader.${WAITS.test(key) ? "waits" : "any"}(value[${JSON.stringify(key)}]);`,
  );
  // oxlint-disable-next-line typescript/no-implied-eval -- names of fields, which are quoted, and nothing else
  return new Function("reader", "value", lines.join("\n")) as Kind["hash"];
}

function kind(hash: (reader: Reading, value: never) => void, more: Partial<Kind> = {}): Kind {
  return { stores: null, leaf: null, captures: false, ...more, hash };
}

/** The rows of a VM that has gone over to bigints; the core has no public name for them. */
function exactRows(vm: object): unknown {
  return (vm as { readonly exact?: { readonly vas: unknown } | null }).exact?.vas;
}

/** What to look at in an object: the same for all of its class. */
export function kindOf(value: object): Kind {
  if (OPAQUE.has(value.constructor)) return kind(() => {});
  if (typeof value === "function") return kind(() => {});
  if (ArrayBuffer.isView(value)) return kind(numbers);
  if (Array.isArray(value) || value instanceof Set) return kind(elements);
  if (value instanceof Map) return kind(entries);
  if (value instanceof WeakMap || value instanceof WeakSet) return kind(() => {});
  if (value instanceof Frame) return kind(frame, { captures: true });
  if (value instanceof WwTicket) return kind((reader, ticket: WwTicket) => reader.ticket(ticket));
  if (value instanceof DmaFence) {
    const rest = compiled(value, (key) => !["signaled", "error", "seqno"].includes(key));
    return kind(
      (reader, fence: DmaFence) => {
        reader.hash.int(fence.signaled ? 1 - fence.error : 0);
        if (fence.signaled) return;
        reader.timeline(fence.context, fence.seqno);
        rest(reader, fence as never);
      },
      { leaf: signalled as never },
    );
  }
  if (value instanceof Lock) {
    const isStore = (key: string) => /\$(?:fences|usages)$/.test(key);
    const isFence = (key: string) => /\$(?:fence|usage|count|room|added)$/.test(key);
    const rest = compiled(value, (key) => key !== "owner" && !isStore(key) && !isFence(key));
    const stores = (lock: Record<string, unknown>) =>
      Object.keys(lock)
        .filter(isStore)
        .map((key) => lock[key]);
    return kind(
      (reader, lock: Lock) => {
        reader.task(lock.owner);
        rest(reader, lock as never);
        if (lock instanceof DmaResv) reader.resv(lock);
      },
      { stores: stores as never },
    );
  }
  if (value instanceof Timer) {
    const whole = compiled(value);
    // When it fired, or was to, makes no difference any more; what it is of does.
    const unset = compiled(value, (key) => key !== "at" && key !== "seq");
    return kind((reader, timer: Timer) => (timer.pending ? whole : unset)(reader, timer as never));
  }
  if (value instanceof PteMap) {
    const stores = (ptes: object) => Object.values(ptes).filter((store) => typeof store === "object");
    return kind(runs, { stores: stores as never });
  }
  if (value instanceof DrmGpuvm) {
    const rest = compiled(value);
    return kind(
      (reader, vm: DrmGpuvm) => {
        mappings(reader, vm);
        rest(reader, vm as never);
      },
      // Which rows are in the tree, and so in which order, the rows say themselves; the index is how they are found.
      { stores: (vm: DrmGpuvm) => [vm.vas, vm.bos, exactRows(vm)] },
    );
  }
  if (value instanceof DrmGpuvmBo) {
    const rest = compiled(value);
    return kind((reader, vmBo: DrmGpuvmBo) => {
      reader.link(vmBo);
      rest(reader, vmBo as never);
    });
  }
  const isLiteral = value.constructor === Object || value.constructor === undefined;
  return kind(isLiteral ? literal : compiled(value));
}

/** Of a fence that has signalled, only the error is ever asked for. */
function signalled({ signaled, error }: DmaFence): number {
  return signaled ? error - 1000 : 0;
}

/** Fields of an object literal are asked for each time. */
function literal(reader: Reading, value: Record<string, unknown>): void {
  for (const key in value) {
    reader.name(key);
    if (WAITS.test(key)) reader.waits(value[key]);
    else reader.any(value[key]);
  }
}

/** An array with more places than this is a table: most of them are empty. */
const TABLE = 32;

function elements(reader: Reading, values: Iterable<unknown>): void {
  if (Array.isArray(values) && values.length > TABLE) {
    table(reader, values);
    return;
  }
  let n = 0;
  for (const value of values) {
    reader.any(value);
    n++;
  }
  reader.hash.int(n);
}

function table(reader: Reading, values: readonly unknown[]): void {
  const { hash } = reader;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === null) continue;
    hash.int(i);
    reader.any(value);
  }
  hash.int(values.length);
}

/** A typed array, as what is not 0 in it. */
function numbers(reader: Reading, values: Float64Array | Int32Array): void {
  const { hash } = reader;
  const { length } = values;
  for (let i = 0; i < length; i++) {
    const value = values[i] as number;
    if (value === 0) continue;
    hash.int(i);
    reader.any(value);
  }
  hash.int(length);
}

function entries(reader: Reading, map: ReadonlyMap<unknown, unknown>): void {
  reader.hash.int(map.size);
  for (const [key, value] of map) {
    reader.any(key);
    reader.any(value);
  }
}

/** A call: where it stands, and its locals. */
function frame(reader: Reading, call: Frame): void {
  const { hash } = reader;
  hash.int(call.site);
  if (call.done) {
    hash.int(-1);
    return;
  }
  hash.int(call.n);
  if (call.tries !== null) {
    for (const entry of call.tries) {
      hash.int(within(call.p, entry));
      reader.any(entry[4]);
      reader.any(entry[5]);
    }
  }
  if (call.locals !== null) {
    const locals = call.locals();
    const live = call.live?.[call.n];
    if (live === undefined) for (const local of locals) reader.any(local);
    else for (let i = 0; i < live.length; i++) reader.any(locals[live[i] as number]);
  }
  reader.any(call.delegate);
}

/** Where an error would go on, as far as this `try` is concerned. */
function within(
  at: number,
  [first, onCatch = 0, onFinally = 0]: NonNullable<Frame["tries"]>[number],
): number {
  return at < first ? 0 : at < onCatch ? 1 : at < onFinally ? 2 : 3;
}

function runs(reader: Reading, ptes: PteMap): void {
  const { hash } = reader;
  for (const { start, end, offset, bo, user, generation = 0 } of ptes.runs()) {
    hash.num(start);
    hash.num(end);
    hash.num(offset);
    hash.int(generation);
    reader.any(user ?? bo);
  }
  hash.int(ptes.size);
}

function mappings(reader: Reading, vm: DrmGpuvm): void {
  const { hash } = reader;
  const { vas } = vm;
  for (let va = gpuvmFirstVa(vm); va !== 0; va = gpuvmNextVa(vm, va)) {
    hash.num(vas.addr(va));
    hash.num(vas.range(va));
    hash.num(vas.offset(va));
    hash.int(vas.flags(va));
    reader.any(gpuvaBo(vm, va) ?? gpuvaObj(vm, va));
  }
  hash.int(vas.live);
  reader.vm(vm);
}
