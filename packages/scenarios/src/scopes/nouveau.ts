import { type DmaFence, ENOMEM, USAGE_READ } from "@gpuvm/core";
import { ask, type Call, closeFile, type ScenarioRun, shrink } from "@gpuvm/explorer";
import { nouveau } from "@gpuvm/policy-nouveau";
import { bind, bo, map, PAGE, unmap } from "../bugs/bug.ts";
import { treeIsMapped } from "../bugs/ptes.ts";
import { mustNotLeave, type NativeScope, OWN_FAULT, refused } from "./scope.ts";

const VA = 0x10_0000;
/** Where one page table of small pages ends and the next begins, whatever the generation. */
const HUGE = 2 ** 27;
const INIT = { op: "vm_init", kva: 2 ** 46, ksize: 2 ** 30 } as const;
const GART = { domain: 4 };
const IN_VRAM = { domain: 2 };
const SPARSE = 256;
const sparse = (pages: number) => map(0, VA, pages, 0, SPARSE);
/** Bytes of the channel that lie in the GART: its push buffer, and notifiers. */
const CHANNEL_BYTES = 19 * PAGE;
const CHANNEL = { op: "channel_new", channel: 1 } as const;
const EXEC = { op: "exec", channel: 1, push: [[VA, 64]] } as const;
const common = { driver: nouveau, variants: ["vm-bind"] };

const OTHERS = "another driver's fence";

/** Another driver reads a buffer of file 0, until {@link OTHER_HAS_READ}. */
function otherReads(w: ScenarioRun, handle: number): void {
  const { bag, machine } = w;
  const fence = machine.fence(machine.fenceContext(), 1);
  const resv = w.file(0).handles.get(handle)?.resv;
  resv?.reserve(1);
  resv?.addFence(fence, USAGE_READ);
  bag.set(OTHERS, fence);
}

/** See {@link otherReads}. */
const OTHER_HAS_READ: Call = {
  label: "the other driver has read",
  *run({ bag }) {
    (bag.get(OTHERS) as DmaFence).signal();
    return 0;
  },
};

/** What only nouveau has. */
export const NOUVEAU_SCOPES: readonly NativeScope[] = [
  {
    ...common,
    name: "sparse",
    about: "a sparse region is mapped into, cut, emptied and taken away",
    setup: (w) => w.must(0, INIT, bo(1, 4, GART), bind(1, sparse(8)), bind(1, map(1, VA, 4))),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, bind(1, unmap(VA + PAGE))),
          ask(0, bind(1, unmap(VA, 8, SPARSE))),
          ask(0, bind(1, map(1, VA))),
        ],
      },
    ],
    check: treeIsMapped,
  },
  {
    ...common,
    name: "sparse-hole",
    about: "what is unmapped in a sparse region reads as zero",
    setup: (w) => w.must(0, INIT, bo(1, 4, GART), bind(1, sparse(8)), bind(1, map(1, VA, 4))),
    actors: [
      { name: "program", calls: [ask(0, bind(1, unmap(VA, 2))), ask(0, bind(1, unmap(VA + 3 * PAGE)))] },
    ],
    check: (w) => (answered(w, 0, 0) && reads(w, VA) === null ? "a hole in a sparse region faults" : null),
  },
  {
    ...common,
    name: "sparse-vs-map",
    about: "a sparse region goes while another thread maps where it was",
    setup: (w) => w.must(0, INIT, bo(1, 1, GART), bind(1, sparse(4))),
    actors: [
      { name: "unmap", calls: [ask(0, bind(1, unmap(VA, 4, SPARSE)))] },
      { name: "map", calls: [ask(0, bind(1, map(1, VA)))] },
    ],
  },
  {
    ...common,
    name: "two-sparse",
    about: "two threads make the first two sparse regions",
    setup: (w) => w.must(0, INIT),
    actors: [VA, 2 * VA].map((va, i) => ({
      name: `sparse ${i + 1}`,
      calls: [ask(0, bind(1, { ...sparse(8), va }))],
    })),
  },
  {
    ...common,
    name: "fences-in",
    about: "what work uses is unmapped when the work is done, without a wait, and its memory goes",
    setup: (w) => w.must(0, INIT, CHANNEL, bo(1, 1, GART), bind(1, map(1, VA))),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, EXEC),
          ask(0, { ...bind(1, unmap(VA)), async: true, in: 1 }),
          ask(0, { op: "gem_close", bo: 1 }),
        ],
      },
      { name: "shrinker", calls: [shrink(PAGE)] },
    ],
  },
  {
    ...common,
    name: "unmap-then-free",
    about: "what work uses is taken away under it: its memory stays until the work is done",
    allow: OWN_FAULT,
    setup: (w) => w.must(0, INIT, CHANNEL, bo(1, 1, GART), bind(1, map(1, VA))),
    actors: [
      {
        name: "program",
        calls: [ask(0, EXEC), ask(0, bind(1, unmap(VA))), ask(0, { op: "gem_close", bo: 1 })],
      },
    ],
  },
  {
    ...common,
    name: "channels",
    about: "a channel with a notifier is made, works, and goes",
    setup: (w) => w.must(0, INIT, bo(1, 1, GART), bind(1, map(1, VA))),
    actors: [
      {
        name: "program",
        calls: [ask(0, { ...CHANNEL, notifierBo: 9 }), ask(0, EXEC), ask(0, { op: "queue_close", queue: 1 })],
      },
      { name: "shrinker", calls: [shrink(64 * PAGE)] },
    ],
    check: (w) => (answered(w, 0, 0, 0) ? idle(w) : null),
  },
  {
    ...common,
    name: "old-interface",
    about: "a file that manages no addresses lists what its work uses, gives it up, and ends",
    setup: (w) => w.must(0, CHANNEL),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, bo(1, 1, GART)),
          ask(0, { op: "submit", channel: 1, bos: [1], writes: [], cmds: 1 }),
          ask(0, { op: "gem_close", bo: 1 }),
          closeFile(0),
        ],
      },
      { name: "shrinker", calls: [shrink(64 * PAGE)] },
    ],
  },
  {
    ...common,
    name: "first-buffer",
    about: "a file that manages no addresses makes its first buffer, while memory is short, and gives it up",
    failures: 1,
    actors: [{ name: "program", calls: [ask(0, bo(1, 1, GART)), ask(0, { op: "gem_close", bo: 1 })] }],
    sometimes: {
      "there is none": (w) => w.results[0]?.[0] === -ENOMEM,
      "it is mapped": (w) => w.file(0).handles.size > 0,
    },
  },
  {
    ...common,
    name: "evict-vs-bind",
    about: "memory pressure while a thread maps, without a wait, and unmaps",
    setup: (w) => w.must(0, INIT, CHANNEL, bo(1, 2, GART), bind(1, map(1, VA))),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, { ...bind(1, map(1, VA + 4 * PAGE, 1, PAGE)), async: true, out: 1 }),
          ask(0, { ...EXEC, in: 1 }),
        ],
      },
      { name: "shrinker", calls: [shrink(2 * PAGE)] },
    ],
  },
  {
    ...common,
    name: "try-again",
    about: "memory pressure took a buffer; work that needs it fails at a step, and is tried again",
    failures: 1,
    setup(w) {
      w.must(0, INIT, CHANNEL, bo(1, 1, GART), bind(1, map(1, VA)));
      w.machine.call(shrink(PAGE).run(w));
    },
    actors: [{ name: "program", calls: [ask(0, EXEC), ask(0, EXEC)] }],
  },
  {
    ...common,
    name: "two-tables",
    about: "a mapping lies in two page tables, of which the second may not be had, and is made again",
    failures: 1,
    setup: (w) => w.must(0, INIT, bo(1, 2, GART)),
    actors: [
      {
        name: "program",
        calls: [ask(0, bind(1, map(1, HUGE - PAGE, 2))), ask(0, bind(1, map(1, HUGE - PAGE, 2)))],
      },
    ],
  },
  {
    ...common,
    name: "vram-full",
    about:
      "a buffer goes to the GART, to make room for another's, while work uses it, and comes back with the next; or its copy fails, by the GPU and by the CPU",
    failures: 2,
    vram: PAGE,
    setup: (w) => w.must(0, INIT, CHANNEL, bo(1, 1, IN_VRAM), bind(1, map(1, VA))),
    actors: [
      { name: "program", calls: [ask(0, EXEC), ask(0, EXEC)] },
      { name: "other", calls: [ask(0, bo(2, 1, IN_VRAM)), ask(0, { op: "gem_close", bo: 2 })] },
    ],
    sometimes: {
      "a buffer is moved to the GART": (w) => w.machine.counts.evictions > 0,
      "and back again": (w) => w.machine.counts.evictions > 0 && liesIn(w, 1) === IN_VRAM.domain,
    },
    check: treeIsMapped,
  },
  {
    ...common,
    name: "vram-full-vs-bind",
    about: "a buffer goes to the GART while a thread maps and unmaps it, without a wait",
    vram: PAGE,
    setup: (w) => w.must(0, INIT, CHANNEL, bo(1, 1, IN_VRAM), bind(1, map(1, VA))),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, { ...bind(1, map(1, VA + PAGE)), async: true, out: 1 }),
          ask(0, { ...bind(1, unmap(VA)), async: true, out: 1 }),
        ],
      },
      { name: "other", calls: [ask(0, bo(2, 1, IN_VRAM))] },
    ],
    sometimes: { "a buffer is moved to the GART": (w) => w.machine.counts.evictions > 0 },
    check: treeIsMapped,
  },
  {
    ...common,
    name: "swap",
    about: "the host's memory is full: a buffer that is used goes to swap, and comes back with the next work",
    memory: PAGE,
    setup: (w) => w.must(0, INIT, bo(1, 1, GART), bind(1, map(1, VA))),
    actors: [
      { name: "program", calls: [ask(0, bind(1, map(1, VA + PAGE)))] },
      { name: "other", calls: [ask(0, bo(2, 1, GART))] },
    ],
    sometimes: { "a buffer goes to swap": (w) => w.machine.counts.evictions > 0 },
  },
  {
    ...common,
    name: "gart-full",
    about: "another buffer takes the place of one that is in use, in what the GPU reaches",
    gart: CHANNEL_BYTES + PAGE,
    setup: (w) => w.must(0, INIT, CHANNEL, bo(1, 1, GART), bind(1, map(1, VA))),
    actors: [
      { name: "program", calls: [ask(0, EXEC), ask(0, EXEC)] },
      { name: "other", calls: [ask(0, bo(2, 1, GART)), ask(0, { op: "gem_close", bo: 2 })] },
    ],
    sometimes: {
      "an object is taken out of the GPU's reach": (w) => w.machine.counts.evictions > 0,
      "it comes back": (w) => w.machine.counts.rebinds > 0,
    },
  },
  {
    ...common,
    name: "gart-full-vs-vram",
    about: "what is taken from VRAM goes by the GART, which is full, and memory is short",
    vram: PAGE,
    gart: CHANNEL_BYTES + PAGE,
    failures: 1,
    setup: (w) => w.must(0, INIT, CHANNEL, bo(1, 1, IN_VRAM), bind(1, map(1, VA)), bo(3, 1, GART)),
    actors: [
      { name: "program", calls: [ask(0, EXEC)] },
      { name: "other", calls: [ask(0, bo(2, 1, IN_VRAM))] },
    ],
    sometimes: { "both are taken away": (w) => w.machine.counts.evictions > 1 },
  },
  {
    ...common,
    name: "hop-fails",
    about:
      "what is taken from VRAM has no place in the GART while what lies there is being given up, and goes by it afterwards; or the copy fails, by the GPU and by the CPU",
    vram: PAGE,
    gart: CHANNEL_BYTES + PAGE,
    failures: 2,
    setup(w) {
      w.must(0, CHANNEL, bo(1, 1, IN_VRAM), bo(3, 1, GART));
      otherReads(w, 1);
    },
    actors: [
      { name: "program", calls: [ask(0, { op: "gem_close", bo: 3 }), OTHER_HAS_READ] },
      { name: "other", calls: [ask(1, bo(2, 1, IN_VRAM))] },
    ],
    sometimes: {
      "it is out of the GPU's reach": (w) => w.machine.counts.evictions > 0 && liesIn(w, 1) === 0,
      "it stays": (w) => w.results[1]?.[0] === -ENOMEM,
    },
  },
  {
    ...common,
    name: "private-stays",
    about: "a buffer of one VM alone is not exported",
    setup: (w) => w.must(0, INIT, bo(1, 1, { domain: 4 | 32 })),
    actors: [{ name: "program", calls: [mustNotLeave(1)] }],
    check: refused,
  },
];

type World = Parameters<NonNullable<NativeScope["check"]>>[0];

/** Whether the first actor's calls were answered so. */
function answered(w: World, ...answers: readonly number[]): boolean {
  return answers.length === w.results[0]?.length && answers.every((ret, i) => w.results[0]?.[i] === ret);
}

/** What an address leads to: `zero`, or null for nothing. */
function reads(w: World, va: number): string | null {
  const record = w.machine.vms.find(({ purpose, freed }) => purpose === "program" && !freed);
  const run = record?.pt.ptes.at(va) ?? null;
  return run !== null && run.bo === null ? "zero" : null;
}

/** The domain in which a buffer lies; 0: out of the GPU's reach. */
function liesIn(w: World, handle: number): number {
  return (w.file(0).handles.get(handle) as { lies?: number } | undefined)?.lies ?? 0;
}

/** The channel is closed: nobody works any more. */
function idle(w: World): string | null {
  return w.machine.inUse.size > 0 ? "a channel has gone while it works" : null;
}
