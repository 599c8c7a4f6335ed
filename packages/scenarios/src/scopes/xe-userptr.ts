import { EAGAIN, EFAULT, ENOMEM, type Errno } from "@gpuvm/core";
import {
  type Ask,
  ask,
  type Call,
  exitProgram,
  killProgram,
  migratePages,
  munmap,
  type ScenarioRun,
} from "@gpuvm/explorer";
import { xe } from "@gpuvm/policy-xe";
import { bind, PAGE, unmap } from "../bugs/bug.ts";
import { mustFail, type NativeScope } from "./scope.ts";

const VA = 0x10_0000;
/** Where the program has its memory. */
const MEM = 0x7000_0000;
const LR = 2;
const FAULT = 4;
const IMMEDIATE = 2;
const vm = (flags = 0) => ({ op: "vm_create", vm: 1, flags }) as const;
const QUEUE = { op: "queue_new", queue: 1, vm: 1, class: 0 } as const;
const CLOSE_QUEUE = { op: "queue_close", queue: 1 } as const;
const EXEC = { op: "exec", queue: 1, syncs: 1, batches: 1, addr: 0 } as const;
const DESTROY = { op: "vm_destroy", vm: 1 } as const;
const sync = (...ops: Parameters<typeof bind>[1][]) => ({ ...bind(1, ...ops), syncs: 0 });
const user = (va: number, pages: number, from = MEM, flags = 0) =>
  ({ kind: "map_userptr", bo: 0, boOffset: from, va, length: pages * PAGE, flags }) as const;
const prefetch = (va: number, pages: number) =>
  ({ kind: "prefetch", bo: 0, boOffset: 0, va, length: pages * PAGE, flags: 0 }) as const;

/** As libdrm makes a call: again, as long as the answer is -EAGAIN. */
function again(request: Ask): Call {
  const call = ask(0, request);
  return {
    ...call,
    *run(world) {
      for (;;) {
        const ret = yield* call.run(world);
        if (ret !== -EAGAIN) return ret;
        world.bag.set("again", true);
      }
    },
  };
}

/** A call answered so, unless memory was short. */
const is = (got: unknown, wanted: Errno) => got === wanted || got === -ENOMEM;

/** The GPU's entries lead to memory that the program has given back. */
const leadsToGone = ({ machine }: ScenarioRun) =>
  machine.vms.some(({ pt }) => pt.ptes.runs().some(({ user }) => user?.gone === true));
const sometimes = {
  "entries lead to pages that are gone": leadsToGone,
  "what has changed is bound again": (w: ScenarioRun) => w.machine.counts.rebinds > 0,
};
/** An actor is about to look whether what it looked up is still there, and it is not. */
const noticesLate = (w: ScenarioRun) =>
  w.slots.some(({ waits }) => waits?.lock?.name.startsWith("notifier lock") === true) && leadsToGone(w);
const common = { driver: xe, variants: ["mainline"] };

/** The program's own memory under xe: it is not pinned, and goes when the program, or the kernel, likes. */
export const XE_USERPTR_SCOPES: readonly NativeScope[] = [
  {
    ...common,
    name: "userptr-migrated",
    about: "pages of a program's own memory are migrated while it works with them",
    setup: (w) => w.must(0, vm(), QUEUE, sync(user(VA, 2))),
    actors: [
      { name: "program", calls: [ask(0, EXEC), ask(0, EXEC)] },
      { name: "kernel", calls: [migratePages(0, MEM, PAGE)] },
    ],
    sometimes: { ...sometimes, "a submit begins anew": noticesLate },
  },
  {
    ...common,
    name: "userptr-unmapped",
    about: "a program gives memory back that it has mapped for the GPU, works on, and unmaps it there",
    setup: (w) => w.must(0, vm(), QUEUE, sync(user(VA, 2), user(2 * VA, 1, MEM + 8 * PAGE))),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, EXEC),
          munmap(0, MEM + PAGE, PAGE),
          ask(0, EXEC),
          ask(0, sync(unmap(VA, 2))),
          ask(0, EXEC),
        ],
      },
    ],
    check: ({ results: [got = []] }) => (got.every((ret) => is(ret, 0)) ? null : "a call is refused"),
    sometimes: {
      "what the program gave back is unbound": (w) =>
        w.machine.vms.some(({ pt, vm: { mappings } }) => mappings === 2 && pt.ptes.size === 1),
    },
  },
  {
    ...common,
    name: "userptr-gone",
    about: "memory that the program does not have is not mapped, nor prefetched",
    setup(w) {
      w.must(0, vm(), QUEUE, sync(user(VA, 1, MEM + 8 * PAGE)));
      w.machine.call(munmap(0, MEM, 16 * PAGE).run(w));
    },
    actors: [
      {
        name: "program",
        calls: [
          mustFail(ask(0, sync(user(2 * VA, 1)))),
          mustFail(ask(0, sync(prefetch(VA, 1)))),
          ask(0, EXEC),
        ],
      },
    ],
    check: ({ results: [got = []] }) =>
      is(got[0], -EFAULT) && is(got[1], -EFAULT) && is(got[2], 0) ? null : `answers are ${got.join(", ")}`,
  },
  {
    ...common,
    name: "userptr-unbind",
    about: "memory is migrated while its mapping is cut, and goes",
    setup: (w) => w.must(0, vm(), QUEUE, sync(user(VA, 3))),
    actors: [
      {
        name: "program",
        calls: [ask(0, EXEC), ask(0, sync(unmap(VA + PAGE))), ask(0, sync(unmap(VA, 3)))],
      },
      { name: "kernel", calls: [migratePages(0, MEM, 3 * PAGE)] },
    ],
    sometimes: {
      ...sometimes,
      "a mapping's end waits until it is not being told": (w) =>
        w.slots.some(({ stop }) => stop === "mmu_interval_notifier_remove"),
    },
  },
  {
    ...common,
    name: "userptr-short-of-memory",
    about: "memory is migrated, and used again, while the kernel's is short",
    failures: 1,
    setup: (w) => w.must(0, vm(), QUEUE, sync(user(VA, 1), user(2 * VA, 1, MEM + PAGE))),
    actors: [
      { name: "program", calls: [ask(0, EXEC), migratePages(0, MEM, 2 * PAGE), ask(0, EXEC), ask(0, EXEC)] },
    ],
    sometimes,
  },
  {
    ...common,
    name: "userptr-fault-mode",
    about: "entries of migrated memory are cleared at once, while it is bound again, and unbound",
    setup: (w) => w.must(0, vm(LR | FAULT), QUEUE, sync(user(VA, 2, MEM, IMMEDIATE)), EXEC),
    actors: [
      {
        name: "program",
        calls: [
          again(sync(user(VA + PAGE, 2, MEM, IMMEDIATE))),
          again(sync(prefetch(VA + PAGE, 2))),
          ask(0, sync(unmap(VA, 4))),
        ],
      },
      { name: "kernel", calls: [migratePages(0, MEM, 2 * PAGE)] },
    ],
    sometimes: { "a bind begins anew": ({ bag }) => bag.get("again") === true },
  },
  {
    ...common,
    name: "userptr-long-running",
    about: "long-running work is preempted when memory is migrated, and goes on with the new pages",
    setup: (w) => w.must(0, vm(LR), QUEUE, sync(user(VA, 1)), EXEC),
    actors: [
      { name: "program", calls: [ask(0, EXEC), ask(0, CLOSE_QUEUE)] },
      { name: "kernel", calls: [migratePages(0, MEM, PAGE), migratePages(0, MEM, PAGE)] },
    ],
    sometimes: { ...sometimes, "the worker begins anew": noticesLate },
  },
  {
    ...common,
    name: "userptr-vm-close",
    about: "a VM goes while memory that is mapped there is migrated",
    setup: (w) => w.must(0, vm(), QUEUE, sync(user(VA, 1), user(2 * VA, 1, MEM + PAGE)), EXEC, CLOSE_QUEUE),
    actors: [
      { name: "program", calls: [ask(0, DESTROY)] },
      { name: "kernel", calls: [migratePages(0, MEM, 2 * PAGE)] },
    ],
  },
  {
    ...common,
    name: "userptr-exit",
    about: "a program exits: its memory goes before its queues do, and waits for what they run",
    setup: (w) => w.must(0, vm(), QUEUE, sync(user(VA, 1)), EXEC),
    actors: [{ name: "program", calls: [ask(0, EXEC), exitProgram(0)] }],
    sometimes: {
      "the exit waits for the GPU": (w) => w.slots.some(({ stop }) => stop === "xe_vma_userptr_do_inval"),
    },
  },
  {
    ...common,
    name: "userptr-kill",
    about: "a program is killed while it submits and binds",
    setup: (w) => w.must(0, vm(), QUEUE, sync(user(VA, 1)), EXEC),
    actors: [
      { name: "program", calls: [ask(0, sync(user(2 * VA, 1))), ask(0, EXEC)] },
      { name: "killer", calls: [killProgram(0)] },
    ],
  },
];
