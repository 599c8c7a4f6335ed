import { ask, readFdinfo, type ScenarioRun, shrink } from "@gpuvm/explorer";
import { xe } from "@gpuvm/policy-xe";
import { bind, bo, map, PAGE, unmap } from "../bugs/bug.ts";
import { mustFail, mustNotLeave, type NativeScope, OWN_FAULT, refused } from "./scope.ts";

const VA = 0x10_0000;
/** Bytes that one huge entry covers, and how many pages those are. */
const HUGE = 0x20_0000;
const MIB2 = 512;
const LR = 2;
const FAULT = 4;
const IMMEDIATE = 2;
const SYSTEM = 1;
const VRAM = 2;
const vm = (flags = 0) => ({ op: "vm_create", vm: 1, flags }) as const;
const queue = (id = 1, engineClass = 0) =>
  ({ op: "queue_new", queue: id, vm: 1, class: engineClass }) as const;
const EXEC = { op: "exec", queue: 1, syncs: 1, batches: 1, addr: 0 } as const;
const sync = (...ops: Parameters<typeof bind>[1][]) => ({ ...bind(1, ...ops), syncs: 0 });
const CLASS_VM_BIND = 5;
const onQueue = (id: number, ...ops: Parameters<typeof bind>[1][]) => ({ ...bind(1, ...ops), queue: id });
const bare = (kind: "map_null" | "map_userptr" | "prefetch", va: number, pages: number) =>
  ({ kind, bo: 0, boOffset: 0, va, length: pages * PAGE, flags: 0 }) as const;
const unmapAll = (of: number) =>
  ({ kind: "unmap_all", bo: of, boOffset: 0, va: 0, length: 0, flags: 0 }) as const;
/** 64 KiB, in VRAM at first. */
const inVram = (id: number, placement = VRAM | SYSTEM) =>
  ({ op: "gem_new", bo: id, size: 16 * PAGE, placement }) as const;
/** Room for the tables of one VM and one of those. */
const SMALL = 30 * PAGE;
/** What is new in VRAM is cleared by the GPU: that is over when the scope begins. */
function cleared(world: ScenarioRun, ...requests: Parameters<ScenarioRun["must"]>[1][]): void {
  world.must(0, ...requests);
  world.machine.quiesce();
}

/** The same, with work under way. */
function inUse(world: ScenarioRun, ...requests: Parameters<ScenarioRun["must"]>[1][]): void {
  cleared(world, ...requests);
  world.must(0, EXEC);
}

const evicted = {
  "an object is evicted from VRAM": (w: ScenarioRun) => w.machine.counts.evictions > 0,
  "the GPU works": (w: ScenarioRun) => w.machine.counts.gpuJobs > 0,
};
const common = { driver: xe, variants: ["mainline"] };

/** What only xe has. */
export const XE_SCOPES: readonly NativeScope[] = [
  {
    ...common,
    name: "cut-huge",
    about:
      "pieces of a mapping that one entry of 2 MiB has go, in front, in the middle, and where entries end",
    setup: (w) => w.must(0, vm(), bo(1, 3 * MIB2), sync(map(1, 2 * HUGE, 3 * MIB2))),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, sync(unmap(2 * HUGE, 1))),
          ask(0, sync(unmap(3 * HUGE + PAGE, 2))),
          ask(0, sync(unmap(4 * HUGE, MIB2))),
        ],
      },
    ],
  },
  {
    ...common,
    name: "no-object",
    about: "null pages and the program's own memory are mapped, cut, and used",
    settles: true,
    allow: OWN_FAULT,
    setup: (w) => w.must(0, vm(), bo(1), queue()),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, sync(bare("map_null", VA, 4), bare("map_userptr", VA + 8 * PAGE, 4))),
          ask(0, sync(map(1, VA + PAGE), unmap(VA + 9 * PAGE))),
          ask(0, EXEC),
          ask(0, sync(unmap(VA, 16))),
        ],
      },
    ],
  },
  {
    ...common,
    name: "late-unbind",
    about: "a buffer is unmapped, without a wait, behind an update that waits for work, and given up",
    allow: OWN_FAULT,
    setup: (w) => w.must(0, vm(), bo(1), queue(), sync(map(1, VA), bare("map_userptr", VA + 8 * PAGE, 4))),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, EXEC),
          ask(0, { ...bind(1, unmap(VA + 9 * PAGE)), syncs: 1 }),
          ask(0, { ...bind(1, unmap(VA)), syncs: 1 }),
          ask(0, { op: "gem_close", bo: 1 }),
        ],
      },
    ],
  },
  {
    ...common,
    name: "bind-vs-destroy",
    about: "buffers are mapped, one over the other, while their VM is destroyed",
    setup: (w) => w.must(0, vm(), bo(1), bo(2), sync(map(1, VA))),
    actors: [
      { name: "bind", calls: [ask(0, sync(map(2, VA)))] },
      { name: "destroy", calls: [ask(0, { op: "vm_destroy", vm: 1 })] },
    ],
  },
  {
    ...common,
    name: "bind-queue",
    about: "binds on a queue of the program's own, which is closed meanwhile; or one of their steps fails",
    failures: 1,
    setup: (w) => w.must(0, vm(), bo(1), queue(2, CLASS_VM_BIND)),
    actors: [
      { name: "bind", calls: [ask(0, onQueue(2, map(1, VA))), ask(0, onQueue(2, unmap(VA)))] },
      { name: "close", calls: [ask(0, { op: "queue_close", queue: 2 })] },
    ],
  },
  {
    ...common,
    name: "try-again",
    about:
      "memory pressure took a buffer of one VM alone; work that needs it fails at a step, and is tried again",
    failures: 1,
    setup(w) {
      w.must(0, vm(), bo(1, 1, { vm: 1 }), queue(), sync(map(1, VA)));
      w.machine.call(shrink(PAGE).run(w));
    },
    actors: [{ name: "program", calls: [ask(0, EXEC), ask(0, EXEC)] }],
    sometimes: { "the GPU works": evicted["the GPU works"] },
  },
  {
    ...common,
    name: "unmap-all",
    about: "every mapping of a buffer goes at once, while memory is short",
    settles: true,
    setup: (w) => w.must(0, vm(), bo(1), sync(map(1, VA), map(1, VA + 4 * PAGE))),
    actors: [
      {
        name: "program",
        calls: [ask(0, sync(unmapAll(1))), ask(0, { op: "gem_close", bo: 1 })],
      },
      { name: "shrinker", calls: [shrink(PAGE)] },
    ],
  },
  {
    ...common,
    name: "prefetch",
    about:
      "what memory pressure took is prefetched, used, and unmapped; with injected failures, not all of it",
    allow: OWN_FAULT,
    settles: true,
    setup(w) {
      w.must(0, vm(), bo(1), queue(), sync(map(1, VA)));
      w.machine.call(shrink(PAGE).run(w));
    },
    actors: [
      {
        name: "program",
        calls: [ask(0, sync(bare("prefetch", VA, 1))), ask(0, EXEC), ask(0, sync(unmap(VA))), ask(0, EXEC)],
      },
    ],
  },
  {
    ...common,
    name: "fault-mode",
    about: "entries that come with faults go with their object, while it is unmapped",
    setup: (w) => w.must(0, vm(LR | FAULT), bo(1), queue(), sync(map(1, VA, 1, 0, IMMEDIATE))),
    actors: [
      { name: "program", calls: [ask(0, EXEC), ask(0, sync(unmap(VA)))] },
      { name: "shrinker", calls: [shrink(PAGE)] },
    ],
  },
  {
    ...common,
    name: "long-running",
    about:
      "memory pressure preempts a queue that works, which is rebound; another buffer comes, the queue goes",
    setup: (w) => w.must(0, vm(LR), bo(1), bo(2), queue(), sync(map(1, VA)), EXEC),
    actors: [
      {
        name: "program",
        calls: [ask(0, sync(map(2, VA + PAGE))), ask(0, { op: "queue_close", queue: 1 })],
      },
      { name: "shrinker", calls: [shrink(PAGE)] },
    ],
  },
  {
    ...common,
    name: "vram-pressure",
    about: "another program's buffer takes the room of one that is being used",
    vram: SMALL,
    setup: (w) => inUse(w, vm(), inVram(1), queue(), sync(map(1, VA, 16))),
    actors: [
      { name: "program", calls: [ask(0, EXEC)] },
      { name: "other", calls: [ask(1, inVram(1)), ask(1, { op: "gem_close", bo: 1 })] },
    ],
    sometimes: evicted,
  },
  {
    ...common,
    name: "vram-overcommit",
    about: "more is mapped than fits at once: work is refused, until something is unmapped",
    vram: SMALL,
    allow: OWN_FAULT,
    setup: (w) =>
      cleared(
        w,
        vm(),
        inVram(1, VRAM),
        queue(),
        sync(map(1, VA, 16)),
        inVram(2, VRAM),
        sync(map(2, 2 * VA, 16)),
      ),
    actors: [
      {
        name: "program",
        calls: [mustFail(ask(0, EXEC)), ask(0, sync(unmap(VA, 16))), ask(0, EXEC)],
      },
    ],
    check: refused,
    sometimes: { "an object is evicted from VRAM": evicted["an object is evicted from VRAM"] },
  },
  {
    ...common,
    name: "vram-vs-close",
    about: "a buffer is unmapped and given up while it is used, and its room is wanted by another program",
    vram: SMALL,
    allow: OWN_FAULT,
    setup: (w) => inUse(w, vm(), inVram(1), queue(), sync(map(1, VA, 16))),
    actors: [
      {
        name: "program",
        calls: [ask(0, sync(unmap(VA, 16))), ask(0, { op: "gem_close", bo: 1 })],
      },
      { name: "other", calls: [ask(1, inVram(1, VRAM))] },
    ],
    sometimes: { "the GPU works": evicted["the GPU works"] },
  },
  {
    ...common,
    name: "vram-long-running",
    about:
      "another program's buffer takes the room of one that a long-running queue uses, which takes it back",
    vram: SMALL,
    setup: (w) => inUse(w, vm(LR), inVram(1), queue(), sync(map(1, VA, 16))),
    actors: [
      { name: "program", calls: [ask(0, { op: "queue_close", queue: 1 })] },
      { name: "other", calls: [ask(1, inVram(1))] },
    ],
    sometimes: evicted,
  },
  {
    ...common,
    name: "vram-then-swap",
    about: "what was evicted from VRAM goes to swap under memory pressure, and is used again",
    vram: SMALL,
    setup: (w) => inUse(w, vm(), inVram(1), queue(), sync(map(1, VA, 16))),
    actors: [
      { name: "program", calls: [ask(0, EXEC)] },
      { name: "other", calls: [ask(1, inVram(1))] },
      { name: "shrinker", calls: [shrink(16 * PAGE)] },
    ],
    sometimes: evicted,
  },
  {
    ...common,
    name: "purgeable",
    about: "contents are given up, purged or not, and asked for again",
    setup: (w) => w.must(0, vm(), bo(1), queue(), sync(map(1, VA))),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, { op: "madvise", bo: 1, willneed: false }),
          ask(0, EXEC),
          ask(0, { op: "madvise", bo: 1, willneed: true }),
        ],
      },
      { name: "shrinker", calls: [shrink(PAGE)] },
    ],
  },
  {
    ...common,
    name: "fdinfo-vs-close",
    about: "somebody reads what a file uses while it gives it up",
    setup: (w) => w.must(0, bo(1), bo(2)),
    actors: [
      { name: "fdinfo", calls: [readFdinfo(0)] },
      { name: "close", calls: [ask(0, { op: "gem_close", bo: 1 })] },
    ],
  },
  {
    ...common,
    name: "private-stays",
    about: "a buffer of one VM alone is not exported",
    setup: (w) => w.must(0, vm(), bo(1, 1, { vm: 1 })),
    actors: [{ name: "program", calls: [mustNotLeave(1)] }],
    check: refused,
  },
];
