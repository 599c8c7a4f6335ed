import { BadLine } from "@gpuvm/conformance";
import { EPERM } from "@gpuvm/core";
import { CountedFence, SyncObj, type SyncOp } from "@gpuvm/drm-model";
import type { PvrBo } from "../gem/bo.ts";
import { PM_FW_PROTECT } from "../gem/bo.ts";
import { queueOf } from "../queue/job.ts";
import type { JobArgs, PvrRequest } from "../requests.ts";
import { UNKNOWN, type World } from "./world.ts";

const CONTEXTS = ["render", "compute", "transfer"];
/** Types of jobs as the recorder calls them. */
export const JOBS: readonly string[] = ["geom", "frag", "compute", "transfer"];

/** A request's words, to be read from left to right. */
class Words {
  readonly all: readonly string[];
  at = 2;

  constructor(all: readonly string[]) {
    this.all = all;
  }

  next(): string | undefined {
    return this.all[this.at++];
  }

  number(): number {
    const word = this.next();
    const value = Number(word);
    if (word === undefined || !Number.isSafeInteger(value))
      throw new BadLine(`word ${this.at - 1} of "${this.all.join(" ")}" is no number`);
    return value;
  }

  of(names: readonly string[]): number {
    const word = this.next();
    const found = names.indexOf(word ?? "");
    if (found < 0)
      throw new BadLine(`word ${this.at - 1} of "${this.all.join(" ")}" is none of ${names.join(", ")}`);
    return found;
  }
}

/** What a request does; the answer is null where the call has to wait. */
const REQUESTS: Readonly<Record<string, (world: World, words: Words) => number | null>> = {
  open(world, w) {
    world.open(w.number());
    return 0;
  },
  vmcreate(world, w) {
    const file = world.file(w.number());
    const vm = w.number();
    const ret = ask(world, file.id, { op: "vm_create", vm });
    const made = file.vmContexts.get(vm);
    if (made !== undefined) world.vms.add(vm, made);
    if (ret === 0) world.owners.set(`vm ${vm}`, file);
    return ret;
  },
  bo(world, w) {
    const file = world.file(w.number());
    const [bo, size] = [w.number(), w.number()];
    const flags = w.next() === "pm" ? PM_FW_PROTECT : 0;
    const ret = ask(world, file.id, { op: "gem_new", bo, size, flags });
    const made = file.handles.get(bo);
    if (made !== undefined) world.bos.add(bo, made);
    if (ret === 0) world.owners.set(`bo ${bo}`, file);
    return ret;
  },
  share(world, w) {
    const [bo, to, alias] = [w.number(), world.file(w.number()), w.number()];
    const from = world.owner("bo", bo);
    const { prime } = world.driver;
    const dmaBuf = from === undefined ? null : (prime?.exportBo(from, bo) ?? null);
    if (dmaBuf === null || prime === undefined) return UNKNOWN;
    const ret = world.call(prime.importBo(to, dmaBuf, alias));
    dmaBuf.close();
    world.bos.add(alias, dmaBuf.bo as PvrBo);
    world.owners.set(`bo ${alias}`, to);
    return ret;
  },
  export(world, w) {
    const bo = w.number();
    const file = world.owner("bo", bo);
    if (file === undefined) return UNKNOWN;
    // It stays open: the recorder never closes it.
    return world.driver.prime?.exportBo(file, bo) ? 0 : -EPERM;
  },
  map(world, w) {
    const [vm, bo, va, length, boOffset] = [w.number(), w.number(), w.number(), w.number(), w.number()];
    const ops = [{ kind: "map", bo, va, length, boOffset, flags: 0 }] as const;
    return world.ask(world.owner("vm", vm), { op: "vm_bind", vm, ops, t: 0, f: 0 });
  },
  unmap(world, w) {
    const [vm, va, length] = [w.number(), w.number(), w.number()];
    const ops = [{ kind: "unmap", bo: 0, va, length, boOffset: 0, flags: 0 }] as const;
    return world.ask(world.owner("vm", vm), { op: "vm_bind", vm, ops, t: 0, f: 0 });
  },
  closebo(world, w) {
    const bo = w.number();
    return world.ask(world.owner("bo", bo), { op: "gem_close", bo, t: 0, f: 0 });
  },
  vmdestroy(world, w) {
    const vm = w.number();
    return world.ask(world.owner("vm", vm), { op: "vm_destroy", vm, t: 0, f: 0 });
  },
  ctx(world, w) {
    const [queue, vm, type] = [w.number(), w.number(), w.of(CONTEXTS)];
    const file = world.owner("vm", vm);
    const ret = world.ask(file, { op: "queue_new", queue, vm, class: type, t: 0, f: 0 });
    const made = file?.contexts.get(queue);
    if (made !== undefined) world.contexts.add(queue, made);
    if (file !== undefined && ret === 0) world.owners.set(`ctx ${queue}`, file);
    return ret;
  },
  ctxdestroy(world, w) {
    const queue = w.number();
    return world.ask(world.owner("ctx", queue), { op: "queue_close", queue, t: 0, f: 0 });
  },
  freelist(world, w) {
    const [vm, id, va, initPages, maxPages, growPages] = [
      w.number(),
      w.number(),
      w.number(),
      w.number(),
      w.number(),
      w.number(),
    ];
    const file = world.owner("vm", vm);
    const ret = world.ask(file, { op: "create_free_list", id, vm, va, initPages, maxPages, growPages });
    if (file !== undefined && ret === 0) world.owners.set(`freelist ${id}`, file);
    return ret;
  },
  freelistdestroy(world, w) {
    const id = w.number();
    return world.ask(world.owner("freelist", id), { op: "destroy_free_list", id });
  },
  hwrt(world, w) {
    const file = world.file(w.number());
    const [id, local, global, layers] = [w.number(), w.number(), w.number(), w.number()];
    const ret = world.ask(file, { op: "create_hwrt", id, local, global, layers });
    if (ret === 0) world.owners.set(`hwrt ${id}`, file);
    return ret;
  },
  hwrtdestroy(world, w) {
    const id = w.number();
    return world.ask(world.owner("hwrt", id), { op: "destroy_hwrt", id });
  },
  syncobj(world, w) {
    const [file, id] = [world.file(w.number()), w.number()];
    const syncobj = new SyncObj(`syncobj#${id}`);
    // The recorder keeps it, too.
    syncobj.refs++;
    world.syncobjs.set(id, syncobj);
    file.syncobjs.set(id, syncobj);
    return 0;
  },
  fence(world, w) {
    const id = w.number();
    const syncobj = world.syncobjs.get(id);
    if (syncobj === undefined) return UNKNOWN;
    const { machine } = world;
    const base = machine.fence(machine.fenceContext(), 1);
    const fence = new CountedFence(machine.dev, base, `fence of ${syncobj.name}`, "recorder", () => {});
    world.foreign.set(id, [...(world.foreign.get(id) ?? []), fence]);
    syncobj.replace(fence);
    return 0;
  },
  signal(world, w) {
    const fences = world.foreign.get(w.number());
    if (fences === undefined) return UNKNOWN;
    for (const fence of fences.splice(0)) {
      fence.base.signal();
      fence.put("recorder");
    }
    return 0;
  },
  submit(world, w) {
    const file = world.file(w.number());
    return world.ask(file, { op: "submit_jobs", jobs: jobsOf(world, w) });
  },
  done(world, w) {
    const [context, type] = [w.number(), w.of(JOBS)];
    const n = w.at < w.all.length ? w.number() : 1;
    const ctx = world.contexts.get(context);
    const queue = ctx === undefined || ctx.refs === 0 ? undefined : queueOf(ctx, type);
    return queue === undefined ? -2 : world.hardware.finish(queue, n);
  },
  sleep(world, w) {
    world.machine.advanceTo(world.machine.now + w.number() * 1e6);
    return 0;
  },
  state: () => 0,
  close: (world, w) => close(world, w.number(), "close"),
  exit: (world, w) => close(world, w.number(), "exit"),
  kill: (world, w) => close(world, w.number(), "kill"),
};

/**
 * Does what a request asks.
 *
 * @throws BadLine for one that it does not know
 */
export function doRequest(world: World, all: readonly string[]): number | null {
  const run = Object.hasOwn(REQUESTS, all[1] ?? "") ? REQUESTS[all[1] ?? ""] : undefined;
  if (run === undefined) throw new BadLine(`there is no request "${all[1]}" of powervr`);
  return run(world, new Words(all));
}

/** The last descriptor of a file goes. */
export function close(world: World, id: number, ending: "close" | "exit" | "kill"): number | null {
  const file = world.file(id);
  if (file.closed) return UNKNOWN;
  file.ending = ending;
  file.closed = true;
  return world.calls.begin(
    (function* () {
      yield* world.driver.release(file);
      return 0;
    })(),
  );
}

function ask(world: World, file: number, request: WithoutPlace<PvrRequest>): number | null {
  return world.ask(world.file(file), { t: 0, f: file, ...request } as PvrRequest);
}

type WithoutPlace<R> = R extends unknown ? Omit<R, "t" | "f"> : never;

/** A render target's number, or 0 where the recorder has none for it. */
function known(world: World, hwrt: number): number {
  return world.owner("hwrt", hwrt) === undefined ? 0 : hwrt;
}

/** `j C type [hwrt H D] [in S] [out S]...`, as often as there are jobs. */
function jobsOf(world: World, w: Words): JobArgs[] {
  const jobs: JobArgs[] = [];
  for (let word = w.next(); word === "j"; ) {
    const [context, type] = [w.number(), w.of(JOBS)];
    const syncOps: SyncOp[] = [];
    let hwrt: { set: number; data: number } | undefined;
    for (word = w.next(); word === "hwrt" || word === "in" || word === "out"; word = w.next()) {
      if (word === "hwrt") hwrt = { set: known(world, w.number()), data: w.number() };
      else syncOps.push({ wait: word === "in", handle: w.number() });
    }
    jobs.push({ type, context, syncOps, ...(hwrt === undefined ? {} : { hwrt }) });
  }
  return jobs;
}
