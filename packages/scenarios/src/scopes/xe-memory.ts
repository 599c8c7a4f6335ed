import { ENOMEM, USAGE_KERNEL } from "@gpuvm/core";
import { ask, type ScenarioRun } from "@gpuvm/explorer";
import { xe } from "@gpuvm/policy-xe";
import { bind, bo, map, PAGE } from "../bugs/bug.ts";
import { mustFail, type NativeScope, refused } from "./scope.ts";

const VA = 0x10_0000;
const LR = 2;
const SYSTEM = 1;
const VRAM = 2;
/** Pages of each buffer. */
const BUFFER = 16;
const VM = { op: "vm_create", vm: 1, flags: 0 } as const;
const QUEUE = { op: "queue_new", queue: 1, vm: 1, class: 0 } as const;
const EXEC = { op: "exec", queue: 1, syncs: 1, batches: 1, addr: 0 } as const;
const CLOSE = { op: "gem_close", bo: 1 } as const;
const sync = (...ops: Parameters<typeof bind>[1][]) => ({ ...bind(1, ...ops), syncs: 0 });
const common = { driver: xe, variants: ["mainline"] };

/** A buffer of the program's is in use. */
function inUse(world: ScenarioRun, flags = 0, placement = SYSTEM): void {
  world.must(0, { ...VM, flags }, bo(1, BUFFER, { placement }), QUEUE, sync(map(1, VA, BUFFER)));
  world.machine.quiesce();
  world.must(0, EXEC);
}

/** Another program makes a buffer of its own, and gives it up. */
const OTHER = { name: "other", calls: [ask(1, bo(1, BUFFER)), ask(1, CLOSE)] };
const PROGRAM = { name: "program", calls: [ask(0, EXEC)] };

const evicted = { "an object is taken away": (w: ScenarioRun) => w.machine.counts.evictions > 0 };
const comesBack = { "it is bound again": (w: ScenarioRun) => w.machine.counts.rebinds > 0 };
const isIn =
  (where: "swapped" | "system") =>
  ({ machine }: ScenarioRun) =>
    [...machine.memory.objects].some((o) => {
      const { tt, place } = o as unknown as { tt: string; place: string };
      return where === "swapped" ? tt === where : place === where && tt === "populated";
    });

/** A buffer of the program's is being brought from VRAM to pages. */
const copies = (w: ScenarioRun) =>
  w
    .file(0)
    .handles.get(1)
    ?.resv.pending()
    .some(({ usage }) => usage === USAGE_KERNEL) === true && !isIn("system")(w);

/** What xe does when the pages that the GPU reaches are few, or those that there are. */
export const XE_MEMORY_SCOPES: readonly NativeScope[] = [
  {
    ...common,
    name: "gart-pressure",
    about: "another program's buffer takes the place of one that is in use, in what the GPU reaches",
    gart: BUFFER * PAGE,
    setup: (w) => inUse(w),
    actors: [PROGRAM, OTHER],
    sometimes: { ...evicted, ...comesBack, "it is out of the GPU's reach": isIn("system") },
  },
  {
    ...common,
    name: "gart-long-running",
    about: "long-running work is preempted for another program's buffer, and its own comes back",
    gart: BUFFER * PAGE,
    setup: (w) => inUse(w, LR),
    actors: [{ name: "program", calls: [ask(0, { op: "queue_close", queue: 1 })] }, OTHER],
    sometimes: { ...evicted, ...comesBack },
  },
  {
    ...common,
    name: "gart-exhausted",
    about: "more is mapped than the GPU reaches at a time: work is refused until something is given up",
    gart: BUFFER * PAGE,
    setup(w) {
      w.must(0, VM, QUEUE, bo(1, BUFFER), sync(map(1, VA, BUFFER)));
      w.must(0, bo(2, BUFFER), sync(map(2, 2 * VA, BUFFER)));
    },
    actors: [
      {
        name: "program",
        calls: [mustFail(ask(0, EXEC)), ask(0, sync({ ...map(0, VA, BUFFER), kind: "unmap" })), ask(0, EXEC)],
      },
    ],
    check: refused,
    sometimes: evicted,
  },
  {
    ...common,
    name: "gart-short-of-memory",
    about: "a buffer is taken away for another program's, while the kernel's memory is short",
    gart: BUFFER * PAGE,
    failures: 1,
    setup: (w) => inUse(w),
    actors: [PROGRAM, { name: "other", calls: [ask(1, bo(1, BUFFER))] }],
    sometimes: { ...evicted, ...comesBack },
  },
  {
    ...common,
    name: "vram-and-gart",
    about: "what is taken from VRAM has no room in what the GPU reaches either, and goes out of its reach",
    vram: 30 * PAGE,
    gart: 8 * PAGE,
    setup: (w) => inUse(w, 0, VRAM | SYSTEM),
    actors: [
      PROGRAM,
      {
        name: "other",
        calls: [ask(1, bo(1, BUFFER, { placement: VRAM })), ask(1, CLOSE)],
      },
    ],
    sometimes: { ...evicted, ...comesBack, "it is out of the GPU's reach": isIn("system") },
  },
  {
    ...common,
    name: "swap-pressure",
    about: "another program's buffer takes the pages of one that is in use, which go to swap and come back",
    memory: BUFFER * PAGE,
    setup: (w) => inUse(w),
    actors: [PROGRAM, OTHER],
    sometimes: { ...evicted, ...comesBack, "it is in swap": isIn("swapped") },
  },
  {
    ...common,
    name: "vram-moves-out",
    about:
      "a prefetch brings a buffer from VRAM to pages, and another program wants its room while it is copied",
    vram: 30 * PAGE,
    setup: (w) => inUse(w, 0, VRAM | SYSTEM),
    actors: [
      { name: "program", calls: [ask(0, sync({ ...map(0, VA, BUFFER), kind: "prefetch" }))] },
      { name: "other", calls: [ask(1, bo(1, BUFFER, { placement: VRAM })), ask(1, CLOSE)] },
    ],
    sometimes: {
      "the buffer is copied": copies,
      "there is no room meanwhile": (w) => copies(w) && w.results[1]?.[0] === -ENOMEM,
      "there is room afterwards": (w) => w.results[1]?.[0] === 0 && w.machine.counts.evictions === 0,
    },
  },
];
