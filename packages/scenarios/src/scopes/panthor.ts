import type { Steps } from "@gpuvm/core";
import type { Bo, Driver, DrmFile } from "@gpuvm/drm-model";
import { ask, type Call, closeFile, shrink } from "@gpuvm/explorer";
import { type PanthorMmaps, panthor } from "@gpuvm/policy-panthor";
import { bind, bo, map, PAGE, unmap } from "../bugs/bug.ts";
import { mustFail, mustNotLeave, type NativeScope, OWN_FAULT, refused } from "./scope.ts";

const VA = 0x20_0000;
const MIB1 = 256;
const SPARSE = 8 | 2;
const VM = { op: "vm_create", vm: 1 } as const;
const GROUP = { op: "queue_new", queue: 1, vm: 1, queues: 1 } as const;
const EXEC = { op: "exec", queue: 1, push: [[VA, 64]] } as const;
const HEAP = { op: "heap_create", vm: 1, id: 1, chunk: 2 ** 17, init: 2, max: 2 } as const;
/** Address spaces for programs: one of the GPU's eight is the firmware's. */
const SPACES = 7;
const later = (...ops: Parameters<typeof bind>[1][]) => ({ ...bind(1, ...ops), async: true });
const common = { driver: panthor, variants: ["mainline"] };

/** What only panthor has. */
export const PANTHOR_SCOPES: readonly NativeScope[] = [
  {
    ...common,
    name: "heaps",
    about: "a heap is made and goes, another is left to the end of its VM",
    settles: true,
    setup: (w) => w.must(0, VM),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, HEAP),
          ask(0, { op: "heap_destroy", vm: 1, id: 1 }),
          ask(0, { ...HEAP, id: 2, init: 1 }),
          ask(0, { op: "vm_destroy", vm: 1 }),
        ],
      },
    ],
  },
  {
    ...common,
    name: "try-again",
    about: "memory pressure took a buffer; work that needs it fails at a step, and is tried again",
    failures: 1,
    setup(w) {
      w.must(0, VM, GROUP, bo(1, 1, { vm: 1 }), bind(1, map(1, VA)));
      w.machine.call(shrink(PAGE).run(w));
    },
    actors: [{ name: "program", calls: [ask(0, EXEC), ask(0, EXEC)] }],
  },
  {
    ...common,
    name: "groups",
    about: "two groups of a VM are destroyed by two threads while a job of one of them runs, and one waits",
    setup: (w) => w.must(0, VM, GROUP, { ...GROUP, queue: 2 }, bo(1), bind(1, map(1, VA)), EXEC),
    actors: [
      { name: "one", calls: [ask(0, { op: "queue_close", queue: 1 })] },
      { name: "two", calls: [ask(0, { ...EXEC, queue: 2 }), ask(0, { op: "queue_close", queue: 2 })] },
    ],
  },
  {
    ...common,
    name: "huge-entries",
    about: "2 MiB entries are cut where they are not aligned",
    settles: true,
    setup: (w) => w.must(0, VM, bo(1, 4 * MIB1), bo(2, 1), bind(1, map(1, 2 * VA, 4 * MIB1))),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, bind(1, unmap(2 * VA + MIB1 * PAGE, MIB1 / 2))),
          ask(0, bind(1, map(2, 2 * VA + 3 * MIB1 * PAGE))),
          ask(0, bind(1, unmap(2 * VA, 4 * MIB1))),
        ],
      },
    ],
  },
  {
    ...common,
    name: "sparse",
    about: "a sparse mapping is made, mapped into, and cut; the file's dummy object goes with it",
    setup: (w) => w.must(0, VM, GROUP, bo(1)),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, bind(1, { ...map(0, VA, 8), flags: SPARSE })),
          ask(0, bind(1, map(1, VA + 2 * PAGE))),
          ask(0, EXEC),
          closeFile(0),
        ],
      },
    ],
    allow: OWN_FAULT,
  },
  {
    ...common,
    name: "async-array",
    about:
      "of some binds that come later one is wrong: none is pushed; then they run while another thread submits",
    setup: (w) => w.must(0, VM, GROUP, bo(1), bo(2)),
    actors: [
      {
        name: "bind",
        calls: [ask(0, later(map(1, VA), map(99, VA + PAGE))), ask(0, later(map(1, VA), map(2, VA + PAGE)))],
      },
      { name: "submit", calls: [ask(0, EXEC)] },
    ],
  },
  {
    ...common,
    name: "many-evicted",
    about: "two mappings of one buffer were taken, and a third thread unmaps one while they come back",
    setup(w) {
      w.must(0, VM, GROUP, bo(1, 2), bind(1, map(1, VA), map(1, VA + 4 * PAGE, 1, PAGE)));
      w.machine.call(shrink(2 * PAGE).run(w));
    },
    actors: [
      { name: "submit", calls: [ask(0, EXEC)] },
      { name: "unmap", calls: [ask(0, bind(1, unmap(VA + 4 * PAGE)))] },
    ],
    allow: OWN_FAULT,
    check: noneListed,
  },
  {
    ...common,
    name: "shrink-vs-pin",
    about: "memory pressure while a buffer is mapped a second time, and pinned for that",
    setup: (w) => w.must(0, VM, GROUP, bo(1, 2), bind(1, map(1, VA))),
    actors: [
      { name: "bind", calls: [ask(0, bind(1, map(1, VA + 4 * PAGE, 1, PAGE))), ask(0, EXEC)] },
      { name: "shrinker", calls: [shrink(2 * PAGE)] },
    ],
  },
  {
    ...common,
    name: "cpu-faults",
    about:
      "the program touches what it has mapped, and unmaps it, while memory pressure takes it and the GPU wants it",
    setup(w) {
      w.must(0, VM, GROUP, bo(1), bind(1, map(1, VA)), { op: "cpu_map", bo: 1 });
    },
    actors: [
      {
        name: "program",
        calls: [
          mmap("touch bo 1", (m, file) => m.touch(file, 1)),
          mmap("unmap bo 1", (m, file) => m.unmap(file, 1)),
        ],
      },
      { name: "submit", calls: [ask(0, EXEC)] },
      { name: "shrinker", calls: [shrink(PAGE)] },
    ],
    sometimes: {
      "a fault brings back what the GPU has no entries for": (w) =>
        w.machine.vms.some(({ vm }) =>
          vm.evict.list.toArray().some(({ obj }) => (obj as Bo).pages === "resident"),
        ),
    },
  },
  {
    ...common,
    name: "heap-vs-destroy",
    about: "a heap is made while its VM is destroyed",
    setup: (w) => w.must(0, VM),
    actors: [
      { name: "heap", calls: [ask(0, { ...HEAP, init: 1 })] },
      { name: "destroy", calls: [ask(0, { op: "vm_destroy", vm: 1 })] },
    ],
  },
  {
    ...common,
    name: "address-spaces",
    about:
      "more VMs work than the GPU has address spaces: the one that was idle for longest gives its own up",
    setup(w) {
      for (let vm = 1; vm <= SPACES; vm++) {
        w.must(0, { ...VM, vm }, { ...GROUP, queue: vm, vm }, { ...EXEC, queue: vm });
        w.machine.quiesce();
      }
      w.must(0, { ...VM, vm: SPACES + 1 }, { ...GROUP, queue: SPACES + 1, vm: SPACES + 1 });
    },
    actors: [{ name: "program", calls: [SPACES + 1, 1].map((queue) => ask(0, { ...EXEC, queue })) }],
    sometimes: { "every VM's work is done": (w) => w.machine.counts.gpuJobs === SPACES + 2 },
  },
  {
    ...common,
    name: "two-sparse",
    about: "two threads make the first two sparse mappings of a file: both want its dummy object",
    settles: true,
    setup: (w) => w.must(0, VM),
    actors: [VA, 2 * VA].map((va, i) => ({
      name: `sparse ${i + 1}`,
      calls: [ask(0, bind(1, { ...map(0, va, 8), flags: SPARSE }))],
    })),
  },
  {
    ...common,
    name: "private-stays",
    about: "a buffer of one VM alone is neither exported nor mapped in another",
    setup: (w) => w.must(0, VM, { ...VM, vm: 2 }, bo(1, 1, { vm: 1 })),
    actors: [{ name: "program", calls: [mustNotLeave(1), mustFail(ask(0, bind(2, map(1, VA))))] }],
    check: refused,
  },
];

/** What a program does with its CPU mappings. */
function mmap(label: string, does: (mmaps: PanthorMmaps, file: DrmFile) => Steps<number>): Call {
  return {
    label,
    run: (w) => does((w.driver as Driver & { readonly mmaps: PanthorMmaps }).mmaps, w.file(0)),
  };
}

/** Everything is back, so no list of evicted objects has anything. */
function noneListed(w: Parameters<NonNullable<NativeScope["check"]>>[0]): string | null {
  if (w.results[0]?.[0] !== 0) return null;
  const left = w.machine.vms.some(
    ({ vm, freed, purpose }) => !freed && purpose === "program" && vm.evict.list.length > 0,
  );
  return left ? "an object that is back is still on the evict list" : null;
}
