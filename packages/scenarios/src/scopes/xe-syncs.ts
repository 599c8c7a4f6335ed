import { EBUSY, ENOMEM } from "@gpuvm/core";
import type { SyncOp } from "@gpuvm/drm-model";
import { ask, exitProgram, hangGpu, killProgram, type ScenarioRun } from "@gpuvm/explorer";
import { xe } from "@gpuvm/policy-xe";
import { bind, bo, map, unmap } from "../bugs/bug.ts";
import type { NativeScope } from "./scope.ts";

const VA = 0x10_0000;
/** Where the program has the words that user fences are written to. */
const MEM = 0x7000_0000;
const VM = { op: "vm_create", vm: 1, flags: 0 } as const;
const queue = (id = 1) => ({ op: "queue_new", queue: id, vm: 1, class: 0 }) as const;
const exec = (id: number, ...syncOps: SyncOp[]) =>
  ({ op: "exec", queue: id, syncs: 1, batches: 1, addr: 0, syncOps: [syncOps] }) as const;
const synced = (op: Parameters<typeof bind>[1], ...syncOps: SyncOp[]) => ({
  ...bind(1, op),
  syncOps: [syncOps],
});
const wait = (handle: number, point?: number): SyncOp => sync(handle, true, point);
const signal = (handle: number, point?: number): SyncOp => sync(handle, false, point);
const user = (value: number): SyncOp => ({ handle: 0, wait: false, addr: MEM, point: value });
const CLOSE = { op: "gem_close", bo: 1 } as const;
const DESTROY = { op: "vm_destroy", vm: 1 } as const;
const syncobj = (handle: number) => ({ op: "syncobj_create", syncobj: handle }) as const;
const closeQueue = (id = 1) => ({ op: "queue_close", queue: id }) as const;
const common = { driver: xe, variants: ["mainline"] };

function sync(handle: number, waits: boolean, point?: number): SyncOp {
  return point === undefined ? { handle, wait: waits } : { handle, wait: waits, point };
}

/** Mapped objects that the tree has no more, while the GPU still has entries for them. */
const unmappedLate = ({ machine }: ScenarioRun) =>
  machine.vms.some(({ vm, pt }) => vm.mappings === 0 && pt.ptes.size > 0);

const answered = (actor: number, errno: number) => (w: ScenarioRun) =>
  w.results[actor]?.includes(errno) === true;

/** What calls of xe's wait for and signal: syncobjs, timelines and words of the program's memory. */
export const XE_SYNC_SCOPES: readonly NativeScope[] = [
  {
    ...common,
    name: "bind-behind-work",
    about:
      "a buffer is unmapped behind a job that uses it, and its handle closed, while the job's queue goes",
    setup(w) {
      w.must(0, syncobj(1), VM, bo(1), bind(1, map(1, VA)), queue(), exec(1, signal(1)));
    },
    actors: [
      { name: "bind", calls: [ask(0, synced(unmap(VA), wait(1))), ask(0, CLOSE)] },
      { name: "close", calls: [ask(0, closeQueue())] },
    ],
    sometimes: { "it is unmapped when the job is done": unmappedLate },
  },
  {
    ...common,
    name: "timeline",
    about: "binds and work of two queues wait for each other's points, and the program exits",
    setup(w) {
      w.must(0, syncobj(1), syncobj(2), VM, bo(1), queue(1), queue(2), synced(map(1, VA), signal(1, 1)));
    },
    actors: [
      { name: "first", calls: [ask(0, exec(1, wait(1, 1), signal(2, 1)))] },
      {
        name: "second",
        calls: [ask(0, synced(unmap(VA), wait(2, 1), signal(1, 2))), ask(0, exec(2, wait(1, 2)))],
      },
      { name: "end", calls: [exitProgram(0)] },
    ],
    sometimes: { "it is unmapped when the job is done": unmappedLate },
  },
  {
    ...common,
    name: "syncs-short-of-memory",
    about: "a bind and a submit fail somewhere: they have signalled nothing, and hold nothing",
    failures: 1,
    setup(w) {
      w.must(0, syncobj(1), syncobj(2), syncobj(3), VM, bo(1), queue(), exec(1, signal(1, 1)));
    },
    actors: [
      {
        name: "program",
        calls: [ask(0, synced(map(1, VA), wait(1, 1), user(1), signal(2, 5))), ask(0, exec(1, signal(3)))],
      },
    ],
    check(w) {
      const { syncobjs } = w.file(0);
      for (const [i, ret] of (w.results[0] ?? []).entries()) {
        const had = syncobjs.get(i + 2)?.peek() != null;
        if (had && ret !== 0) return "a call that failed has signalled a syncobj";
        if (!had && ret === 0) return "a call has forgotten what it was to signal";
      }
      return null;
    },
    sometimes: {
      "a bind fails": (w) => w.results[0]?.[0] === -ENOMEM,
      "a submit fails": (w) => w.results[0]?.[1] === -ENOMEM,
    },
  },
  {
    ...common,
    name: "user-fence",
    about: "a mapping is cut, and unmapped, before and after the program is told that it is there",
    setup(w) {
      w.must(0, syncobj(1), VM, bo(1, 2), queue(), exec(1, signal(1)));
      w.must(0, synced(map(1, VA, 2), wait(1), user(7)));
    },
    actors: [
      { name: "program", calls: [ask(0, bind(1, unmap(VA))), ask(0, bind(1, unmap(VA, 2)))] },
      { name: "waiter", calls: [ask(0, { op: "wait_fence", fence: 7, queue: 1, addr: MEM })] },
    ],
    check: ({ results: [, waited = []] }) => (waited[0] === 0 ? null : "the wait for a bind fails"),
    sometimes: {
      "what the program was not told of stays": answered(0, -EBUSY),
      "it is unmapped": ({ machine }) => machine.vms.some(({ vm }) => vm.mappings === 0),
    },
  },
  {
    ...common,
    name: "user-fence-exit",
    about: "a program is killed while a user fence waits for work, which hangs",
    setup(w) {
      w.must(0, syncobj(1), VM, bo(1), queue());
    },
    actors: [
      {
        name: "program",
        calls: [hangGpu(), ask(0, exec(1, signal(1))), ask(0, synced(map(1, VA), wait(1), user(7)))],
      },
      { name: "killer", calls: [killProgram(0)] },
    ],
  },
  {
    ...common,
    name: "kill-behind-fence",
    about: "a queue goes, and its VM, while its work waits for another program's, which hangs",
    setup(w) {
      w.must(0, syncobj(1), VM, bo(1), bind(1, map(1, VA)), queue(1), queue(2));
    },
    actors: [
      {
        name: "program",
        calls: [
          hangGpu(),
          ask(0, exec(1, signal(1))),
          ask(0, exec(2, wait(1))),
          ask(0, closeQueue(2)),
          ask(0, DESTROY),
        ],
      },
    ],
    sometimes: {
      "the VM's end waits": (w) => w.slots.some(({ stop }) => stop === "xe_vm_close"),
      "a batch waits for another's end": ({ results: [got = []], machine: { counts } }) =>
        got.length === 3 && counts.gpuJobs === 1,
    },
  },
];
