import { ask, type Call, closeFile, type ScenarioRun } from "@gpuvm/explorer";
import { powervr } from "@gpuvm/policy-powervr";
import { bind, bo, map, PAGE, unmap } from "../bugs/bug.ts";
import {
  DRAW_BEHIND,
  DRAW_PAIR,
  newSyncObj,
  OTHER_IS_DONE,
  TARGET,
  waitsForOther,
} from "../powervr-pairs.ts";
import type { NativeScope } from "./scope.ts";

const VA = 0x80_0000_0000;
const VM = { op: "vm_create", vm: 1 } as const;
const RENDER = { op: "queue_new", queue: 1, vm: 1, class: 0 } as const;
const COMPUTE = { op: "queue_new", queue: 2, vm: 1, class: 1 } as const;
/** Memory that the firmware alone may touch: what a free list has to be in. */
const PM = bo(1, 1, { flags: 2 });
const FREE_LIST = {
  op: "free_list_create",
  id: 1,
  va: VA,
  initPages: 64,
  maxPages: 64,
  growPages: 0,
} as const;
const HWRT = { op: "hwrt_create", id: 1, width: 64, height: 64 } as const;
const DRAW = {
  op: "exec",
  jobs: [
    [0, 1, 0],
    [1, 1, 0],
  ],
} as const;
const GEOMETRY = { op: "exec", jobs: [[0, 1, 0]] } as const;
const FRAGMENT = { op: "exec", jobs: [[1, 1, 0]] } as const;
const COMPUTING = { op: "exec", jobs: [[2, 2, 0]] } as const;
const common = { driver: powervr, variants: ["mainline"] };

/** The program is killed, and its file ends. */
const KILL: Call = {
  label: "kill",
  *run(w) {
    w.file(0).ending = "kill";
    yield* w.closeFile(0);
  },
};

interface Queue {
  readonly waitsForRoom: unknown;
  readonly objects: { readonly cccb: { readonly writeOffset: number; readOffset: number } };
}

/** Queues of context 1. */
function queues(w: ScenarioRun): Queue[] {
  const { contexts } = w.file(0) as unknown as {
    readonly contexts: { get(id: number): { readonly queues: ReadonlyMap<number, Queue> } | undefined };
  };
  return [...(contexts.get(1)?.queues.values() ?? [])];
}

function drawable(w: ScenarioRun): void {
  w.must(0, ...TARGET);
  newSyncObj(w);
}

/** What only powervr has. */
export const POWERVR_SCOPES: readonly NativeScope[] = [
  {
    ...common,
    name: "render",
    about: "a render target with its free lists is made, drawn to, and left to the end of the file",
    setup: (w) => w.must(0, PM, VM, RENDER, bind(1, map(1, VA)), FREE_LIST, { ...FREE_LIST, id: 2 }),
    actors: [{ name: "program", calls: [ask(0, HWRT), ask(0, DRAW), closeFile(0)] }],
  },
  {
    ...common,
    name: "free-lists",
    about: "free lists are made, and everything goes",
    setup: (w) => w.must(0, PM, VM, bind(1, map(1, VA))),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, FREE_LIST),
          ask(0, { op: "gem_close", bo: 1 }),
          ask(0, bind(1, unmap(VA))),
          closeFile(0),
        ],
      },
    ],
  },
  {
    ...common,
    name: "free-list-vs-unmap",
    about: "a free list is made over a buffer that no handle leads to any more, while it is unmapped",
    setup: (w) => w.must(0, PM, VM, bind(1, map(1, VA)), { op: "gem_close", bo: 1 }),
    actors: [
      { name: "make", calls: [ask(0, FREE_LIST)] },
      { name: "unmap", calls: [ask(0, bind(1, unmap(VA)))] },
    ],
  },
  {
    ...common,
    name: "bind-vs-destroy",
    about: "a buffer is mapped while its VM is destroyed",
    setup: (w) => w.must(0, VM, bo(2)),
    actors: [
      { name: "bind", calls: [ask(0, bind(1, map(2, VA)))] },
      { name: "destroy", calls: [ask(0, { op: "vm_destroy", vm: 1 })] },
    ],
  },
  {
    ...common,
    name: "two-draws",
    about: "two threads draw to one render target: one the geometry, one the fragments",
    setup: (w) => w.must(0, PM, VM, RENDER, bind(1, map(1, VA)), FREE_LIST, { ...FREE_LIST, id: 2 }, HWRT),
    actors: [
      { name: "one", calls: [ask(0, GEOMETRY)] },
      { name: "two", calls: [ask(0, FRAGMENT)] },
    ],
  },
  {
    ...common,
    name: "shared-fences",
    about:
      "work on a buffer that is shared, again, and then by another context: its fences replace each other",
    setup: (w) => w.must(0, bo(1), VM, COMPUTE, { op: "prime_export", bo: 1 }, bind(1, map(1, VA))),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, COMPUTING),
          ask(0, COMPUTING),
          ask(0, { op: "queue_close", queue: 2 }),
          ask(0, bind(1, unmap(VA))),
          ask(0, { op: "gem_close", bo: 1 }),
        ],
      },
    ],
    check: noContext,
  },
  {
    ...common,
    name: "contexts",
    about: "a context is made while another goes",
    setup: (w) => w.must(0, bo(1, 2), VM, COMPUTE, bind(1, map(1, VA, 2))),
    actors: [
      { name: "one", calls: [ask(0, { op: "queue_close", queue: 2 })] },
      { name: "two", calls: [ask(0, { ...COMPUTE, queue: 3 })] },
    ],
  },
  {
    ...common,
    name: "pair",
    about: "geometry and fragments are drawn as a pair while their context goes",
    setup: drawable,
    actors: [
      { name: "one", calls: [DRAW_PAIR] },
      { name: "two", calls: [ask(0, { op: "queue_close", queue: 1 })] },
    ],
    sometimes: { "the pair is drawn": (w) => w.machine.counts.gpuJobs === 2 },
  },
  {
    ...common,
    name: "drawn-twice",
    about: "two pictures in turn: each puts another fence into the syncobj",
    setup: drawable,
    actors: [{ name: "program", calls: [DRAW_PAIR, DRAW_PAIR] }],
    sometimes: { "both are drawn": (w) => w.machine.counts.gpuJobs === 4 },
  },
  {
    ...common,
    name: "pair-waits",
    about:
      "the fragments of a pair wait for another driver's work: the geometry does, too, as both go to the firmware together",
    setup(w) {
      drawable(w);
      waitsForOther(w);
    },
    actors: [
      { name: "program", calls: [DRAW_BEHIND] },
      { name: "other", calls: [OTHER_IS_DONE] },
    ],
    sometimes: { "the pair is drawn": (w) => w.machine.counts.gpuJobs === 2 },
  },
  {
    ...common,
    name: "ring-full",
    about: "a job waits for room in the ring to the firmware, and the program ends",
    setup(w) {
      drawable(w);
      w.must(0, FRAGMENT);
      // As if the firmware was behind by all but a few bytes of the ring, until it has done that job.
      for (const { objects } of queues(w)) objects.cccb.readOffset = objects.cccb.writeOffset + 64;
    },
    actors: [{ name: "program", calls: [ask(0, FRAGMENT), ask(0, { op: "queue_close", queue: 1 })] }],
    sometimes: { "a job waits for room": (w) => queues(w).some(({ waitsForRoom }) => waitsForRoom !== null) },
  },
  {
    ...common,
    name: "killed",
    about: "a program is killed behind its submit: what the firmware does not have yet is given up",
    setup: drawable,
    actors: [{ name: "program", calls: [DRAW_PAIR, KILL] }],
    sometimes: {
      "work is given up": (w) => w.results[0]?.length === 2 && w.machine.counts.gpuJobs === 0,
      "work goes on": (w) => w.results[0]?.length === 2 && w.machine.counts.gpuJobs === 2,
    },
  },
  {
    ...common,
    name: "killed-behind",
    about:
      "a program is killed with a job that waits for another driver's work, and one behind it that waits for nothing",
    setup(w) {
      w.must(0, bo(1), VM, COMPUTE, bind(1, map(1, VA)));
      newSyncObj(w);
      waitsForOther(w);
    },
    actors: [
      {
        name: "program",
        calls: [ask(0, { ...COMPUTING, syncOps: [[{ handle: 2, wait: true }]] }), ask(0, COMPUTING), KILL],
      },
      { name: "other", calls: [OTHER_IS_DONE] },
    ],
    sometimes: {
      "both are given up": (w) => w.results[0]?.length === 3 && w.machine.counts.gpuJobs === 0,
      "both are done": (w) => w.machine.counts.gpuJobs === 2,
    },
  },
  {
    ...common,
    name: "one-range",
    about: "two threads unmap and replace one mapping",
    settles: true,
    setup: (w) => w.must(0, bo(1), bo(2), VM, bind(1, map(1, VA, 1))),
    actors: [
      { name: "one", calls: [ask(0, bind(1, unmap(VA))), ask(0, bind(1, map(2, VA + PAGE)))] },
      { name: "two", calls: [ask(0, bind(1, map(2, VA))), ask(0, { op: "gem_close", bo: 1 })] },
    ],
  },
];

/** The context's handle is closed and its work done: nothing of it is on the file's list. */
function noContext(w: Parameters<NonNullable<NativeScope["check"]>>[0]): string | null {
  if (w.results[0]?.length !== 5 || w.results[0].some((ret) => ret !== 0)) return null;
  const { made } = w.file(0) as unknown as { readonly made: ReadonlySet<unknown> };
  return made.size > 0 ? "a context that was closed is on the list of its file" : null;
}
