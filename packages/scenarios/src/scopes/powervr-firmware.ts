import { ECANCELED, EIO, ENODEV, ENOENT, type Steps } from "@gpuvm/core";
import { ask, type Call, closeFile, killProgram, type ScenarioRun } from "@gpuvm/explorer";
import { type PvrDriver, powervr } from "@gpuvm/policy-powervr";
import { bind, bo, map, PAGE, unmap } from "../bugs/bug.ts";
import type { NativeScope } from "./scope.ts";

const VA = 0x80_0000_0000;
const VM = { op: "vm_create", vm: 1 } as const;
const PM = bo(1, 1, { flags: 2 });
const GROWS = {
  op: "free_list_create",
  id: 1,
  va: VA,
  initPages: 64,
  maxPages: 128,
  growPages: 32,
} as const;
const RENDER = { op: "queue_new", queue: 1, vm: 1, class: 0 } as const;
const HWRT = { op: "hwrt_create", id: 1, width: 64, height: 64 } as const;
const context = (queue: number) => ({ op: "queue_new", queue, vm: 1, class: 1 }) as const;
const GEOMETRY = { op: "exec", jobs: [[0, 1, 0]] } as const;
const compute = (queue: number) => ({ op: "exec", jobs: [[2, queue, 0]] }) as const;
const SIGNALS = { ...compute(1), syncOps: [[{ handle: 1, wait: false }]] } as const;
const CLOSE = { op: "gem_close", bo: 1 } as const;
const common = { driver: powervr, variants: ["mainline"] };

/** The firmware asks something of the driver, or stops to answer. */
function firmware(label: string, does: (of: PvrDriver["firmware"]) => Steps<unknown>): Call {
  return {
    label,
    *run(w) {
      const answer = yield* does((w.driver as PvrDriver).firmware);
      return typeof answer === "number" ? answer : answer === true ? 0 : -ENOENT;
    },
  };
}

const MORE_PAGES = firmware("the firmware asks for pages", (of) => of.wantsPages());
const REBUILD = firmware("the firmware has a free list built again", (of) => of.wantsReconstruction());
const RESET = firmware("the firmware stalls, and is reset", (of) => of.stalls(true));
const LOST = firmware("the firmware stalls, and no reset helps", function* (of) {
  return (yield* of.stalls(false)) === -EIO;
});

interface Watching {
  readonly running: readonly unknown[];
  fault(): void;
}

/** Those of the queues of context 1. */
function schedulers(w: ScenarioRun): Watching[] {
  const { contexts } = w.files.get(0) as unknown as {
    readonly contexts: {
      get(id: number): { readonly queues: ReadonlyMap<number, { readonly scheduler: Watching }> } | undefined;
    };
  };
  return [...(contexts.get(1)?.queues.values() ?? [])].map(({ scheduler }) => scheduler);
}

/** The oldest job of context 1 has taken too long. Answers how many are in its ring. */
const TOO_LONG: Call = {
  label: "the job at hand takes too long",
  *run(w) {
    const late = schedulers(w).find(({ running }) => running.length > 0);
    late?.fault();
    return late?.running.length ?? -ENOENT;
  },
};

/** What can be drawn to, with a free list that grows. */
function drawable(w: ScenarioRun): void {
  w.must(0, PM, VM, bind(1, map(1, VA)), RENDER, GROWS, HWRT);
}

/** A context, and a buffer that its work uses. */
function computing(w: ScenarioRun): void {
  w.must(0, bo(1), bo(2), VM, bind(1, map(1, VA)), context(1), { op: "syncobj_create", syncobj: 1 });
}

/** As {@link computing}, with another context. */
function computingTwo(w: ScenarioRun): void {
  computing(w);
  w.must(0, context(2));
}

/** Work of one is with the firmware. */
function working(w: ScenarioRun): void {
  computing(w);
  w.must(0, SIGNALS);
  w.machine.settle();
}

const answered = (actor: number, errno: number) => (w: ScenarioRun) =>
  w.results[actor]?.includes(errno) === true;

/** The work that signals syncobj 1 was cancelled. */
function cancelled(w: ScenarioRun): boolean {
  return w.files.get(0)?.syncobjs.get(1)?.fence?.base.error === -ECANCELED;
}

/** What powervr's firmware asks of the driver, and what happens when it does not answer. */
export const POWERVR_FIRMWARE_SCOPES: readonly NativeScope[] = [
  {
    ...common,
    name: "free-list-grows",
    about:
      "the firmware asks for pages while it draws, and the program gives the file up, or memory is short",
    failures: 1,
    setup: drawable,
    actors: [
      { name: "program", calls: [ask(0, GEOMETRY), closeFile(0)] },
      { name: "firmware", calls: [MORE_PAGES] },
    ],
    sometimes: {
      "it gets pages": answered(1, 32),
      "there is no memory": answered(1, 0),
      "there is no list any more": answered(1, -ENOENT),
    },
  },
  {
    ...common,
    name: "free-list-rebuilt",
    about: "a free list is built again and grows while it is drawn with, and the file ends",
    setup: drawable,
    actors: [
      { name: "program", calls: [ask(0, GEOMETRY), closeFile(0)] },
      { name: "firmware", calls: [MORE_PAGES, REBUILD] },
    ],
    sometimes: {
      "it has pages, and is built again": (w) => w.results[1]?.[0] === 32 && w.results[1]?.[1] === 0,
    },
  },
  {
    ...common,
    name: "reset",
    about: "the firmware is reset while one context has work, and the program unmaps and asks for more",
    setup: computingTwo,
    actors: [
      {
        name: "program",
        calls: [
          ask(0, SIGNALS),
          ask(0, compute(1)),
          ask(0, compute(2)),
          ask(0, bind(1, unmap(VA))),
          ask(0, CLOSE),
        ],
      },
      { name: "firmware", calls: [RESET] },
    ],
    sometimes: {
      "work is cancelled": cancelled,
      "its context takes no more": (w) => w.results[0]?.[1] === -EIO,
      "another context's goes on": (w) => w.results[0]?.[1] === -EIO && w.results[0]?.[2] === 0,
    },
  },
  {
    ...common,
    name: "lost",
    about: "the device is lost with work on the GPU, while the program maps, and its file ends",
    setup: working,
    actors: [
      {
        name: "program",
        calls: [ask(0, bind(1, map(2, VA + PAGE))), closeFile(0)],
      },
      { name: "firmware", calls: [LOST] },
    ],
    sometimes: {
      "a call is refused": answered(0, -ENODEV),
      "a call under way is refused": answered(0, -EIO),
      "the loss waits for a call that was not": (w) => w.slots.some(({ stop }) => stop === "drm_dev_unplug"),
      "work is cancelled": cancelled,
    },
  },
  {
    ...common,
    name: "lost-kill",
    about: "the device is lost with work on the GPU, while the program is killed",
    setup: working,
    actors: [
      { name: "killer", calls: [killProgram(0)] },
      { name: "firmware", calls: [LOST] },
    ],
    sometimes: { "the device is lost with work": cancelled },
  },
  {
    ...common,
    name: "points",
    about: "work of two contexts, each behind a point of a timeline, while the first context goes",
    setup: computingTwo,
    actors: [
      {
        name: "program",
        calls: [
          ask(0, { ...compute(1), syncOps: [[{ handle: 1, wait: false, point: 1 }]] }),
          ask(0, {
            ...compute(2),
            syncOps: [
              [
                { handle: 1, wait: true, point: 1 },
                { handle: 1, wait: false, point: 2 },
              ],
            ],
          }),
          ask(0, { op: "queue_close", queue: 1 }),
          ask(0, { op: "syncobj_wait", syncobjs: [1], points: [2] }),
          ask(0, bind(1, unmap(VA))),
        ],
      },
    ],
    sometimes: {
      "both are done": (w) => w.results[0]?.[3] === 0 && w.machine.counts.gpuJobs === 2,
    },
  },
  {
    ...common,
    name: "timeout",
    about:
      "a job takes too long with another behind it in the ring: the queue is stopped, goes on with both, and they end by themselves",
    setup: computing,
    actors: [
      { name: "program", calls: [ask(0, compute(1)), ask(0, compute(1)), ask(0, bind(1, unmap(VA)))] },
      { name: "time", calls: [TOO_LONG] },
    ],
    sometimes: {
      "both are in the ring at that time": answered(1, 2),
      "both are done": (w) => w.results[0]?.length === 3 && w.machine.counts.gpuJobs === 2,
    },
  },
];
