import { ask, readFdinfo, shrink } from "@gpuvm/explorer";
import { xe } from "@gpuvm/policy-xe";
import { bind, bo, map, PAGE, unmap } from "../bugs/bug.ts";
import { mustNotLeave, type NativeScope, refused } from "./scope.ts";

const VA = 0x10_0000;
const LR = 2;
const FAULT = 4;
const IMMEDIATE = 2;
const vm = (flags = 0) => ({ op: "vm_create", vm: 1, flags }) as const;
const queue = (id = 1, engineClass = 0) =>
  ({ op: "queue_new", queue: id, vm: 1, class: engineClass }) as const;
const EXEC = { op: "exec", queue: 1, syncs: 1, batches: 1, addr: 0 } as const;
const sync = (...ops: Parameters<typeof bind>[1][]) => ({ ...bind(1, ...ops), syncs: 0 });
const bare = (kind: "map_null" | "map_userptr" | "prefetch", va: number, pages: number) =>
  ({ kind, bo: 0, boOffset: 0, va, length: pages * PAGE, flags: 0 }) as const;
const unmapAll = (of: number) =>
  ({ kind: "unmap_all", bo: of, boOffset: 0, va: 0, length: 0, flags: 0 }) as const;
const common = { driver: xe, variants: ["mainline"] };

/** What only xe has. */
export const XE_SCOPES: readonly NativeScope[] = [
  {
    ...common,
    name: "no-object",
    about: "null pages and the program's own memory are mapped, cut, and used",
    settles: true,
    allow: ["gpu-fault"],
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
    allow: ["gpu-fault"],
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
    allow: ["gpu-fault"],
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
    about: "memory pressure preempts a queue, which is rebound; another buffer comes, the queue goes",
    setup: (w) => w.must(0, vm(LR), bo(1), bo(2), queue(), sync(map(1, VA))),
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
