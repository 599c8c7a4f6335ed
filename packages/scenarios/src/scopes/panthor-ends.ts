import { EINVAL, ENODEV } from "@gpuvm/core";
import type { Driver } from "@gpuvm/drm-model";
import { ask, type Call, closeFile, type ScenarioRun, shrink } from "@gpuvm/explorer";
import { type GroupEnd, type PanthorGpu, panthor } from "@gpuvm/policy-panthor";
import { bind, bo, map, PAGE, unmap } from "../bugs/bug.ts";
import type { NativeScope } from "./scope.ts";

const VA = 0x20_0000;
const VM = { op: "vm_create", vm: 1 } as const;
const GROUP = { op: "queue_new", queue: 1, vm: 1, queues: 1 } as const;
const EXEC = { op: "exec", queue: 1, push: [[VA, 64]] } as const;
const HEAP = { op: "heap_create", vm: 1, id: 1, chunk: 2 ** 17, init: 1, max: 2 } as const;
const common = { driver: panthor, variants: ["mainline"] };
const work = (w: ScenarioRun) => w.must(0, VM, GROUP, bo(1), bind(1, map(1, VA)), EXEC);

/** How work ends that does not come to its own end. */
export const PANTHOR_END_SCOPES: readonly NativeScope[] = [
  {
    ...common,
    name: "hang",
    about: "a job never ends: it times out, its group is given up, and takes no work any more",
    timeouts: true,
    setup(w) {
      gpuOf(w).hang();
      work(w);
    },
    actors: [
      { name: "submit", calls: [ask(0, EXEC)] },
      { name: "bind", calls: [ask(0, { ...bind(1, map(1, VA + 4 * PAGE)), async: true })] },
    ],
    sometimes: {
      "a job times out": (w) => ended(w)?.timedOut === true,
      "a submit is refused, as the group was given up": (w) => w.results[0]?.[0] === -EINVAL,
    },
  },
  {
    ...common,
    name: "hang-then-close",
    about: "a file is closed while a job of it never ends",
    timeouts: true,
    setup(w) {
      gpuOf(w).hang();
      work(w);
    },
    actors: [{ name: "program", calls: [closeFile(0)] }],
  },
  {
    ...common,
    name: "hang-vs-shrink",
    about: "memory pressure while a job never ends: its buffer stays until the group is out of its slot",
    timeouts: true,
    setup(w) {
      gpuOf(w).hang();
      work(w);
    },
    actors: [{ name: "shrinker", calls: [shrink(PAGE), shrink(PAGE)] }],
    sometimes: { "a job times out": (w) => ended(w)?.timedOut === true },
  },
  {
    ...common,
    name: "broken-queue",
    about: "a queue is broken while the program submits, and gives its buffer up",
    setup: work,
    actors: [
      { name: "gpu", calls: [gpu("a queue is broken", (g) => g.fatal())] },
      { name: "program", calls: [ask(0, EXEC), ask(0, { op: "queue_close", queue: 1 })] },
    ],
    sometimes: {
      "the group is given up": (w) => ended(w)?.fatal === true,
      "a submit is refused": (w) => w.results[1]?.[0] === -EINVAL,
    },
  },
  {
    ...common,
    name: "mmu-fault",
    about:
      "a job meets an address that leads nowhere: its group is given up, the next one gets the slot with a clean MMU",
    setup: (w) => w.must(0, VM, GROUP, { ...GROUP, queue: 2 }, bo(1), bind(1, map(1, VA)), EXEC),
    actors: [
      { name: "gpu", calls: [gpu("an address leads nowhere", (g) => g.fault())] },
      { name: "program", calls: [ask(0, { ...EXEC, queue: 2 })] },
    ],
    sometimes: { "the group is given up": (w) => ended(w)?.fatal === true },
  },
  {
    ...common,
    name: "reset",
    about:
      "the firmware is silent: the GPU is reset while a bind is under way, and groups are given up that did no wrong",
    timeouts: true,
    setup(w) {
      w.must(0, VM, GROUP, bo(1), bind(1, map(1, VA)), { ...EXEC, push: [[0, 0]] });
      gpuOf(w).silence();
    },
    actors: [
      {
        name: "program",
        calls: [ask(0, EXEC), ask(0, { ...bind(1, map(1, VA + 4 * PAGE)), async: true })],
      },
    ],
    sometimes: { "an innocent group is given up": (w) => ended(w)?.innocent === true },
  },
  {
    ...common,
    name: "reset-beside",
    about: "more groups than slots: one without a slot outlives a reset for the others' sake",
    timeouts: true,
    setup(w) {
      w.must(0, VM, GROUP, bo(1), bind(1, map(1, VA)), ...[2, 3, 4, 5].map((queue) => ({ ...GROUP, queue })));
      w.machine.quiesce();
      gpuOf(w).silence();
    },
    actors: [{ name: "program", calls: [ask(0, EXEC)] }],
    sometimes: { "the other group is given up": (w) => ended(w)?.innocent === true },
  },
  {
    ...common,
    name: "silent-close",
    about: "a file is closed while a tick waits for a firmware that is silent",
    setup(w) {
      work(w);
      gpuOf(w).silence();
    },
    actors: [{ name: "program", calls: [closeFile(0)] }],
    sometimes: {
      "the VM's end waits for the tick": (w) =>
        w.slots.some(({ stop }) => stop === "panthor_sched_prepare_for_vm_destruction"),
    },
  },
  {
    ...common,
    name: "device-lost",
    about:
      "the GPU does not come back from a reset: calls are refused, and everything is given back at the end",
    timeouts: true,
    setup(w) {
      w.must(0, VM, GROUP, bo(1), bind(1, map(1, VA)), { ...EXEC, push: [[0, 0]] });
      gpuOf(w).silence();
      gpuOf(w).breakDown();
    },
    actors: [{ name: "program", calls: [ask(0, EXEC), ask(0, bind(1, unmap(VA)))] }],
    allow: { "gpu-fault": "the program unmaps what work uses that a lost device does not do" },
    sometimes: { "a call is refused": (w) => w.results[0]?.[1] === -ENODEV },
  },
  {
    ...common,
    name: "tiler-out-of-memory",
    about: "a heap grows for a job while it is destroyed",
    setup: (w) => w.must(0, VM, GROUP, HEAP, bo(1), bind(1, map(1, VA)), EXEC),
    actors: [
      {
        name: "gpu",
        calls: [
          gpu("the tiler wants memory", (g) => g.tilerOom({ heap: 0, vtStart: 1, vtEnd: 0, fragEnd: 0 })),
        ],
      },
      { name: "program", calls: [ask(0, { op: "heap_destroy", vm: 1, id: 1 })] },
    ],
    // Sync objects, ring buffer, statistics, heap contexts, a chunk, and one more.
    sometimes: { "the heap has grown": (w) => internals(w) === 6 },
  },
  {
    ...common,
    name: "tiler-out-of-memory-close",
    about: "a heap grows for a job whose group is closed: nobody is there to be given the chunk",
    setup: (w) => w.must(0, VM, GROUP, HEAP, bo(1), bind(1, map(1, VA)), EXEC),
    actors: [
      {
        name: "gpu",
        calls: [
          gpu("the tiler wants memory", (g) => g.tilerOom({ heap: 0, vtStart: 1, vtEnd: 0, fragEnd: 0 })),
        ],
      },
      { name: "program", calls: [ask(0, { op: "queue_close", queue: 1 })] },
    ],
    sometimes: { "the heap has grown": (w) => internals(w) === 6 },
  },
  {
    ...common,
    name: "reset-goes-on",
    about: "the GPU is reset for one group's sake, and another's work goes on",
    setup: (w) => w.must(0, VM, GROUP, { ...GROUP, queue: 2 }, bo(1), bind(1, map(1, VA)), EXEC),
    actors: [
      { name: "gpu", calls: [gpu("a queue is broken for good", (g) => g.fatal(true))] },
      { name: "program", calls: [ask(0, { ...EXEC, queue: 2 })] },
    ],
    sometimes: { "the other group's work is done": (w) => w.machine.counts.gpuJobs === 2 },
  },
  {
    ...common,
    name: "bind-behind-work",
    about: "a bind waits for a job whose group is closed meanwhile",
    setup(w) {
      const syncobj = { op: "syncobj_create", syncobj: 1 } as const;
      const syncOps = [[{ handle: 1, wait: false }]];
      w.must(0, VM, GROUP, bo(1), syncobj, bind(1, map(1, VA)), { ...EXEC, syncOps });
    },
    actors: [
      {
        name: "bind",
        calls: [
          ask(0, { ...bind(1, unmap(VA)), async: true, syncOps: [[{ handle: 1, wait: true }]] }),
          ask(0, { op: "gem_close", bo: 1 }),
        ],
      },
      { name: "close", calls: [ask(0, { op: "queue_close", queue: 1 })] },
    ],
  },
];

function gpuOf({ driver }: ScenarioRun): PanthorGpu {
  return (driver as Driver & { readonly gpu: PanthorGpu }).gpu;
}

/** Something happens to the GPU. */
function gpu(label: string, happens: (gpu: PanthorGpu) => void): Call {
  return {
    label,
    *run(w) {
      happens(gpuOf(w));
    },
  };
}

/** How group 1 was given up. */
function ended(w: ScenarioRun): GroupEnd | null {
  const file = w.files.get(0);
  return file === undefined ? null : gpuOf(w).stateOf(file, 1);
}

/** Mappings of the driver's own in programs' VMs. */
function internals({ machine }: ScenarioRun): number {
  return machine.vms.reduce((sum, { purpose, internal }) => sum + (purpose === "program" ? internal : 0), 0);
}
