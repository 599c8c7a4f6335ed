import { BadLine } from "@gpuvm/conformance";
import { Task } from "@gpuvm/core";
import { type BindOp, CountedFence, KIB4, MIB2, SyncObj, type SyncOp } from "@gpuvm/drm-model";
import { MAP_NOEXEC, MAP_SPARSE } from "../../flags.ts";
import type { PanthorBo } from "../../gem/bo.ts";
import { shrinkerScan } from "../../gem/shrink.ts";
import { HARDWARE } from "./hardware.ts";
import type { Words } from "./words.ts";
import { type Ask, NO_FILE, type World } from "./world.ts";

/** How the memory of objects lies, by the word of the request. */
const PAGES: Readonly<Record<string, number>> = { huge: MIB2, shmem: KIB4, scatter: KIB4 };
/** Numbers of the objects that sparse mappings of a file lead to begin here. */
const DUMMY = 900;

/** In a heap's handle the VM's is above these. */
const HEAP_BITS = 16;

const PROGRAMS: Readonly<Record<string, Ask>> = {
  open(world, w) {
    const id = w.number();
    world.open(id, DUMMY + id);
    return 0;
  },
  close(world, w) {
    return closeFile(world, w.number());
  },
  vmcreate(world, w) {
    const [file, number] = [w.number(), w.number()];
    const vm = lowestFree(world.files.get(file)?.vms);
    const ret = world.ask(file, { op: "vm_create", vm });
    world.made("vm", number, file, vm, ret);
    const made = world.files.get(file)?.vms.get(vm);
    if (ret !== 0 || made === undefined) return ret;
    world.vms.add(number, made);
    world.resvs.set(made.gpuvm.rObj, number);
    world.checked(made.gpuvm.rObj);
    return 0;
  },
  vmdestroy(world, w) {
    const { file, handle: vm } = world.thing("vm", w.number());
    return world.ask(file, { op: "vm_destroy", vm });
  },
  bo(world, w) {
    const [file, number, size, contiguity] = [w.number(), w.number(), w.number(), w.of(PAGES)];
    const vm = w.done ? undefined : world.thing("vm", w.number()).handle;
    const bo = lowestFree(world.files.get(file)?.handles);
    const ret = world.ask(file, { op: "gem_new", bo, size, contiguity, ...(vm === undefined ? {} : { vm }) });
    world.made("bo", number, file, bo, ret);
    const made = world.files.get(file)?.handles.get(bo);
    if (ret !== 0 || made === undefined) return ret;
    world.bos.add(number, made);
    world.checked(made);
    // The recorder puts its own folios in.
    if (contiguity === MIB2) made.pages = "resident";
    return 0;
  },
  closebo(world, w) {
    const { file, handle } = world.thing("bo", w.number());
    return handle === 0 ? NO_FILE : world.ask(file, { op: "gem_close", bo: handle });
  },
  share(world, w) {
    const { file, handle } = world.thing("bo", w.number());
    const [to, alias] = [w.number(), w.number()];
    const { prime } = world.driver;
    const from = world.files.get(file);
    const into = world.files.get(to);
    const dmaBuf = from === undefined ? null : (prime?.exportBo(from, handle) ?? null);
    if (dmaBuf === null || prime === undefined || into === undefined) return NO_FILE;
    const bo = dmaBuf.bo as PanthorBo;
    const imported = lowestFree(into.handles);
    const ret = world.call(prime.importBo(into, dmaBuf, imported));
    world.bos.add(alias, bo);
    world.made("bo", alias, to, imported, ret);
    dmaBuf.close();
    return ret;
  },
  bind(world, w) {
    const { file, handle: vm } = world.thing("vm", w.number());
    const async = w.of({ async: true, sync: false });
    const ops: BindOp[] = [];
    const syncOps: SyncOp[][] = [];
    while (!w.done) {
      ops.push(bindOp(world, w));
      syncOps.push(syncsOf(w));
    }
    return world.ask(file, { op: "vm_bind", vm, async, ops, syncOps });
  },
  group(world, w) {
    const number = w.number();
    const { file, handle: vm } = world.thing("vm", w.number());
    const [queues, prio, ring] = [w.number(), w.optional(), w.optional()];
    const queue = lowestFree(world.files.get(file)?.groups);
    const ret = world.ask(file, {
      op: "queue_new",
      queue,
      vm,
      queues,
      ...(prio === undefined ? {} : { prio }),
      ...(ring === undefined ? {} : { ring }),
    });
    world.made("group", number, file, queue, ret);
    const made = world.files.get(file)?.groups.get(queue);
    if (ret === 0 && made !== undefined) world.groups.add(number, made);
    return ret;
  },
  groupdestroy(world, w) {
    const { file, handle: queue } = world.thing("group", w.number());
    return world.ask(file, { op: "queue_close", queue });
  },
  submit(world, w) {
    const number = w.number();
    const { file, handle: queue } = world.thing("group", number);
    let followed = true;
    const push: [addr: number, bytes: number, queue: number][] = [];
    const syncOps: SyncOp[][] = [];
    while (w.take("q") !== null) {
      const index = w.number();
      push.push([w.number(), w.number(), index]);
      if (w.take("raw") !== null) followed = false;
      syncOps.push(syncsOf(w));
    }
    world.asked = followed ? number : null;
    return world.ask(file, { op: "exec", queue, push, syncOps });
  },
  heap(world, w) {
    const { file, handle: vm } = world.thing("vm", w.number());
    const [number, chunk, init, max] = [w.number(), w.number(), w.number(), w.number()];
    const inFlight = w.optional();
    const inside = world.files.get(file)?.vms.get(vm);
    const id = inside?.heaps?.nextId ?? 0;
    const handle = (vm << HEAP_BITS) | id;
    const ret = world.ask(file, {
      op: "heap_create",
      vm,
      id: handle,
      chunk,
      init,
      max,
      ...(inFlight === undefined ? {} : { inFlight }),
    });
    world.made("heap", number, file, handle, ret);
    if (ret === 0 && inside !== undefined) world.tellHeap(inside, id);
    return ret;
  },
  heapdestroy(world, w) {
    const { file, handle: id } = world.thing("heap", w.number());
    return world.ask(file, { op: "heap_destroy", id, vm: id >> HEAP_BITS });
  },
  heapdestroyraw(world, w) {
    const { file, handle: vm } = world.thing("vm", w.number());
    return world.ask(file, { op: "heap_destroy", id: (vm << HEAP_BITS) | w.number(), vm });
  },
  syncobj(world, w) {
    const [file, id] = [w.number(), w.number()];
    const syncobj = new SyncObj(`syncobj#${id}`);
    // The recorder keeps it, too.
    syncobj.refs++;
    world.syncobjs.set(id, syncobj);
    world.files.get(file)?.syncobjs.set(id, syncobj);
    return 0;
  },
  fence(world, w) {
    const id = w.number();
    const { machine } = world;
    const base = machine.fence(machine.fenceContext(), 1);
    const fence = new CountedFence(machine.dev, base, `fence of syncobj#${id}`, "recorder", () => {});
    world.foreign.set(id, [...(world.foreign.get(id) ?? []), fence]);
    world.syncobjs.get(id)?.replace(fence);
    return 0;
  },
  signal(world, w) {
    signal(world, w.number());
    return 0;
  },
  evict: (world, w) => world.call(shrinkerScan(world.panthor, w.number()), new Task("kswapd", "reclaim")),
  sleep(world, w) {
    world.sleep(w.number());
    return 0;
  },
  state: () => 0,
};

/**
 * Does what a request asks.
 *
 * @throws BadLine for one that it does not know
 */
export function doRequest(world: World, words: Words): number {
  const name = words.all[1] ?? "";
  const table = Object.hasOwn(PROGRAMS, name) ? PROGRAMS : HARDWARE;
  const run = Object.hasOwn(table, name) ? table[name] : undefined;
  if (run === undefined) throw new BadLine(`panthor has no request "${name}" here`);
  const ret = run(world, words);
  words.end();
  return ret;
}

/** Fences of a syncobj that are not of the driver signal. */
export function signal(world: World, id: number): void {
  for (const fence of world.foreign.get(id)?.splice(0) ?? []) {
    fence.base.signal();
    fence.put("recorder");
  }
}

/** The last descriptor of a file goes. */
export function closeFile(world: World, id: number): number {
  const file = world.files.get(id);
  if (file === undefined) return NO_FILE;
  world.files.delete(id);
  const { driver } = world;
  return world.call(
    (function* () {
      yield* driver.release(file);
      return 0;
    })(),
  );
}

function syncsOf(w: Words): SyncOp[] {
  const syncs: SyncOp[] = [];
  for (let way = w.take("in", "out"); way !== null; way = w.take("in", "out"))
    syncs.push({ handle: w.number(), wait: way === "in" });
  return syncs;
}

function bindOp(world: World, w: Words): BindOp {
  const none = { bo: 0, boOffset: 0, va: 0, length: 0, flags: 0 };
  const kind = w.of({ map: "map", sparse: "sparse", unmap: "unmap", synconly: "sync" } as const);
  switch (kind) {
    case "map": {
      const bo = world.thing("bo", w.number()).handle;
      const [va, length, boOffset] = [w.number(), w.number(), w.number()];
      return { ...none, kind, bo, va, length, boOffset };
    }
    case "sparse": {
      const [va, length] = [w.number(), w.number()];
      return { ...none, kind: "map", va, length, flags: MAP_SPARSE | MAP_NOEXEC };
    }
    case "unmap": {
      const [va, length] = [w.number(), w.number()];
      return { ...none, kind, va, length };
    }
    case "sync":
      return { ...none, kind };
  }
}

/** The number that an idr or an allocating xarray gives next. */
function lowestFree(taken: ReadonlyMap<number, unknown> | undefined): number {
  let number = 1;
  while (taken?.has(number)) number++;
  return number;
}
