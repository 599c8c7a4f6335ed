import { EFAULT } from "@gpuvm/core";
import type { CpuMapping } from "@gpuvm/drm-model";
import { ask, type Call, type ScenarioRun, shrink } from "@gpuvm/explorer";
import { type MsmDriver, msm } from "@gpuvm/policy-msm";
import { bo, map, PAGE, unmap } from "../bugs/bug.ts";
import { BIND_QUEUE, bindsOf, ENABLE, VA } from "./msm-asks.ts";
import type { NativeScope } from "./scope.ts";

const MAPPING = "mapping";
const SUBMIT = { op: "submit", bos: [1], writes: [], cmds: 1 } as const;
/** Neither waits for what its program did not say. */
const EXPLICIT = { op: "submit", bos: [], writes: [], cmds: 1, flags: 0x8000_0000 } as const;
const SYNCOBJ = { op: "syncobj_create", syncobj: 1 } as const;

/** `MSM_PREP_READ`, `MSM_PREP_WRITE`. */
const PREP_READ = 1;
const PREP_WRITE = 2;

const mappingOf = ({ bag }: ScenarioRun) => bag.get(MAPPING) as CpuMapping | undefined;

/** The program maps a buffer of file 0. */
function mmap(handle: number): Call {
  return {
    label: `mmap bo ${handle}`,
    file: 0,
    *run(world) {
      const { cpu } = world.driver;
      if (cpu === undefined) return -1;
      const mapping = yield* cpu.map(world.file(0), handle);
      if (typeof mapping === "number") return mapping;
      world.bag.set(MAPPING, mapping);
      return 0;
    },
  };
}

/** The program reads what it mapped. */
function touch(): Call {
  return {
    label: "touch the mapping",
    file: 0,
    *run(world) {
      const mapping = mappingOf(world);
      if (mapping === undefined || world.driver.cpu === undefined) return -1;
      return yield* world.driver.cpu.touch(mapping);
    },
  };
}

/** The program unmaps it. */
function munmap(): Call {
  return {
    label: "munmap",
    file: 0,
    *run(world) {
      mappingOf(world)?.unmap();
      world.bag.delete(MAPPING);
      return 0;
    },
  };
}

/** Work that the first ring has done. */
const doneOf = (w: ScenarioRun) => (w.driver as MsmDriver).device.rings[0]?.done ?? 0;

/** What msm does with objects that programs have mapped for the CPU, and with what they wait for in words of their own. */
export const MSM_CPU_SCOPES: readonly NativeScope[] = [
  {
    driver: msm,
    variants: ["soft"],
    name: "cpu-mapping",
    about:
      "a buffer that is mapped for the CPU outlives its handle; memory is short, and its pages come back with a touch",
    setup: (w) => w.must(0, bo(1)),
    actors: [
      {
        name: "program",
        calls: [mmap(1), touch(), ask(0, { op: "gem_close", bo: 1 }), touch(), munmap()],
      },
      { name: "shrinker", calls: [shrink(PAGE), shrink(PAGE)] },
    ],
    sometimes: {
      "pages are taken from under the mapping": (w) => mappingOf(w)?.bo.pages === "evicted",
      "they come back with a touch": (w) => w.machine.counts.evictions > 0 && mappingOf(w)?.present === true,
      "the mapping alone holds the object": (w) => mappingOf(w)?.bo.handles === 0,
    },
  },
  {
    driver: msm,
    variants: ["soft"],
    name: "cpu-mapping-purged",
    about: "contents that the program gave up are purged: it is told by SIGBUS if it touches them",
    setup: (w) => w.must(0, bo(1), SUBMIT),
    actors: [
      {
        name: "program",
        calls: [mmap(1), touch(), ask(0, { op: "madvise", bo: 1, willneed: false }), touch(), munmap()],
      },
      { name: "shrinker", calls: [shrink(PAGE)] },
    ],
    sometimes: { "a touch is answered with SIGBUS": (w) => w.results[0]?.[3] === -EFAULT },
  },
  {
    driver: msm,
    variants: ["soft"],
    name: "cpu-prep",
    about: "the program waits until it may read, and write, what the GPU writes and reads",
    setup: (w) => w.must(0, bo(1), bo(2)),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, { ...SUBMIT, bos: [1, 2], writes: [0] }),
          ask(0, { op: "cpu_prep", bo: 1, flags: PREP_READ }),
          ask(0, { ...SUBMIT, bos: [1, 2], writes: [0] }),
          ask(0, { op: "cpu_prep", bo: 2, flags: PREP_WRITE }),
        ],
      },
    ],
  },
  {
    driver: msm,
    variants: ["soft"],
    name: "cpu-prep-behind-two",
    about:
      "the program waits until it may read what work writes, while later work of its queue reads it, too",
    setup: (w) => w.must(0, bo(1)),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, { ...SUBMIT, writes: [0] }),
          ask(0, SUBMIT),
          ask(0, { op: "cpu_prep", bo: 1, flags: PREP_READ }),
        ],
      },
    ],
    sometimes: {
      "it waits for the work that writes": (w) =>
        w.slots.some(({ stop }) => stop === "msm_gem_cpu_prep") && doneOf(w) === 0,
      "the later work is not waited for": (w) => w.results[0]?.length === 3 && doneOf(w) === 1,
    },
  },
  {
    driver: msm,
    variants: ["vm-bind"],
    name: "timelines-apart",
    about: "a bind signals a point of a timeline, while work that signals an earlier one is under way",
    setup: (w) => w.must(0, ENABLE, BIND_QUEUE, SYNCOBJ, bo(1), bo(2), bindsOf(map(1, VA))),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, { ...EXPLICIT, syncOps: [{ handle: 1, wait: false, point: 1 }] }),
          ask(0, { ...bindsOf(map(2, 2 * VA)), syncOps: [[{ handle: 1, wait: false, point: 2 }]] }),
        ],
      },
    ],
  },
  {
    driver: msm,
    variants: ["vm-bind"],
    name: "timelines",
    about: "work, binds and work again, each behind a point of a timeline that the one before signals",
    setup: (w) => w.must(0, ENABLE, BIND_QUEUE, bo(1), bo(2), SYNCOBJ, bindsOf(map(1, VA))),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, { ...EXPLICIT, syncOps: [{ handle: 1, wait: false, point: 1 }] }),
          ask(0, {
            ...bindsOf(unmap(VA), map(2, VA)),
            syncOps: [
              [
                { handle: 1, wait: true, point: 1 },
                { handle: 1, wait: false, point: 2 },
              ],
            ],
          }),
          ask(0, { ...EXPLICIT, syncOps: [{ handle: 1, wait: true, point: 2 }] }),
          ask(0, { op: "gem_close", bo: 1 }),
        ],
      },
    ],
  },
];
