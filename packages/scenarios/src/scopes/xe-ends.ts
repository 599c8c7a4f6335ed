import { ECANCELED, ENOENT, ETIME } from "@gpuvm/core";
import {
  ask,
  exitProgram,
  hangGpu,
  killProgram,
  migratePages,
  type ScenarioRun,
  shrink,
} from "@gpuvm/explorer";
import { xe } from "@gpuvm/policy-xe";
import { bind, bo, map, PAGE } from "../bugs/bug.ts";
import type { NativeScope } from "./scope.ts";

const VA = 0x10_0000;
/** Where the program has its own memory. */
const MEM = 0x7000_0000;
const LR = 2;
const SYSTEM = 1;
const VRAM = 2;
const vm = (flags = 0) => ({ op: "vm_create", vm: 1, flags }) as const;
const queue = (id = 1) => ({ op: "queue_new", queue: id, vm: 1, class: 0 }) as const;
const exec = (id = 1) => ({ op: "exec", queue: id, syncs: 1, batches: 1, addr: 0 }) as const;
const closeQueue = (id = 1) => ({ op: "queue_close", queue: id }) as const;
const CLOSE = { op: "gem_close", bo: 1 } as const;
const sync = (...ops: Parameters<typeof bind>[1][]) => ({ ...bind(1, ...ops), syncs: 0 });
const user = { kind: "map_userptr", bo: 0, boOffset: MEM, va: VA, length: PAGE, flags: 0 } as const;
const common = { driver: xe, variants: ["mainline"] };

/** Long-running work on one buffer. */
function longRunning(w: ScenarioRun): void {
  w.must(0, vm(LR), bo(1), sync(map(1, VA)), queue(), exec());
}

/** A VM with a queue and one buffer. */
function program(w: ScenarioRun, file = 0): void {
  w.must(file, vm(), bo(1), sync(map(1, VA)), queue());
}

const answered = (actor: number, errno: number) => (w: ScenarioRun) =>
  w.results[actor]?.includes(errno) === true;

/** VM 1 of file 0 takes no more work. */
function isBanned({ files }: ScenarioRun): boolean {
  const file = files.get(0) as
    | { readonly vms?: ReadonlyMap<number, { readonly banned: boolean }> }
    | undefined;
  return file?.vms?.get(1)?.banned === true;
}

/** How work ends under xe that does not end by itself: long-running work under errors, and jobs that hang. */
export const XE_END_SCOPES: readonly NativeScope[] = [
  {
    ...common,
    name: "lr-worker-fails",
    about: "the worker that brings long-running work back fails: its VM is banned, and its queues are killed",
    failures: 1,
    setup: (w) => longRunning(w),
    actors: [
      {
        name: "program",
        calls: [ask(0, sync(map(1, 2 * VA))), ask(0, exec()), ask(0, closeQueue())],
      },
      { name: "shrinker", calls: [shrink(PAGE)] },
    ],
    sometimes: {
      "a submit to a banned VM is refused": answered(0, -ECANCELED),
      "a bind in a banned VM is refused": answered(0, -ENOENT),
      "what moved is bound again": (w) => w.machine.counts.rebinds > 0,
    },
  },
  {
    ...common,
    name: "lr-queue-goes",
    about: "one of two queues of long-running work goes while the worker brings both back, or fails to",
    failures: 1,
    setup(w) {
      longRunning(w);
      w.must(0, queue(2));
    },
    actors: [
      { name: "program", calls: [ask(0, closeQueue(2)), ask(0, closeQueue(1))] },
      { name: "shrinker", calls: [shrink(PAGE)] },
    ],
    sometimes: {
      "the VM is banned": isBanned,
      "what moved is bound again": (w) => w.machine.counts.rebinds > 0,
    },
  },
  {
    ...common,
    name: "lr-new-queue",
    about: "a queue is made while another is being preempted, and both go",
    setup: (w) => longRunning(w),
    actors: [
      { name: "program", calls: [ask(0, queue(2)), ask(0, closeQueue(2)), ask(0, closeQueue())] },
      { name: "shrinker", calls: [shrink(PAGE)] },
    ],
    sometimes: { "what moved is bound again": (w) => w.machine.counts.rebinds > 0 },
  },
  {
    ...common,
    name: "lr-no-queue",
    about: "a queue for long-running work is not made, as memory is short",
    failures: 1,
    setup: (w) => w.must(0, vm(LR), bo(1), sync(map(1, VA))),
    actors: [{ name: "program", calls: [ask(0, queue()), ask(0, closeQueue())] }],
    sometimes: { "there is none": answered(0, -ENOENT) },
  },
  {
    ...common,
    name: "lr-exit",
    about: "a program with long-running work is killed while its queue is preempted",
    setup: (w) => longRunning(w),
    actors: [
      { name: "program", calls: [ask(0, exec())] },
      { name: "killer", calls: [killProgram(0)] },
      { name: "shrinker", calls: [shrink(PAGE)] },
    ],
  },
  {
    ...common,
    name: "hang",
    about: "a job hangs with another of its queue behind it, and another program's: its queue is banned",
    setup(w) {
      program(w);
      program(w, 1);
    },
    actors: [
      { name: "program", calls: [hangGpu(), ask(0, exec()), ask(0, exec())] },
      { name: "other", calls: [ask(1, exec())] },
    ],
    sometimes: {
      "a submit to a banned queue is refused": answered(0, -ECANCELED),
      "the job that hung ends with an error": ({ machine }) =>
        machine.vms.some(({ vm: { resv } }) => resv.all.some(({ error }) => error === -ETIME)),
    },
  },
  {
    ...common,
    name: "hang-exit",
    about:
      "a program whose job hangs exits: its queue is killed, and nothing goes before the GPU has left it",
    setup: (w) => program(w),
    actors: [{ name: "program", calls: [hangGpu(), ask(0, exec()), ask(0, CLOSE), exitProgram(0)] }],
  },
  {
    ...common,
    name: "hang-vram",
    about: "another program wants the room of a buffer that a job uses which hangs",
    vram: 30 * PAGE,
    setup(w) {
      w.must(0, vm(), bo(1, 16, { placement: VRAM | SYSTEM }), queue(), sync(map(1, VA, 16)));
      w.machine.quiesce();
    },
    actors: [
      { name: "program", calls: [hangGpu(), ask(0, exec())] },
      { name: "other", calls: [ask(1, bo(1, 16, { placement: VRAM })), ask(1, CLOSE)] },
    ],
    sometimes: { "the buffer is evicted": (w) => w.machine.counts.evictions > 0 },
  },
  {
    ...common,
    name: "hang-userptr",
    about: "pages of a program's own memory are migrated while a job that uses them hangs",
    setup: (w) => w.must(0, vm(), queue(), sync(user)),
    actors: [
      { name: "program", calls: [hangGpu(), ask(0, exec())] },
      { name: "kernel", calls: [migratePages(0, MEM, PAGE)] },
    ],
    sometimes: {
      "the migration waits for the GPU": (w) =>
        w.slots.some(({ stop }) => stop === "xe_vma_userptr_do_inval"),
    },
  },
];
