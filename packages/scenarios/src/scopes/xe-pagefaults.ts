import { ECANCELED } from "@gpuvm/core";
import { ask, type Call, migratePages, munmap, type ScenarioRun, shrink } from "@gpuvm/explorer";
import { type PagefaultAccess, type XeDriver, xe } from "@gpuvm/policy-xe";
import { bind, bo, map, PAGE, unmap } from "../bugs/bug.ts";
import { mustFail, type NativeScope, refused as refusedOnly } from "./scope.ts";

const VA = 0x10_0000;
/** Where the program has its own memory. */
const MEM = 0x7000_0000;
const SYSTEM = 1;
const VRAM = 2;
const VM = { op: "vm_create", vm: 1, flags: 2 | 4 } as const;
const QUEUE = { op: "queue_new", queue: 1, vm: 1, class: 0 } as const;
const EXEC = { op: "exec", queue: 1, syncs: 1, batches: 1, addr: 0 } as const;
const CLOSE_QUEUE = { op: "queue_close", queue: 1 } as const;
const DESTROY = { op: "vm_destroy", vm: 1 } as const;
const user = (pages: number) =>
  ({ kind: "map_userptr", bo: 0, boOffset: MEM, va: VA, length: pages * PAGE, flags: 0 }) as const;
const common = { driver: xe, variants: ["mainline"] };

/** The batch at hand touches an address. */
function touch(addr: number, access: PagefaultAccess = "read"): Call {
  return {
    label: `the GPU touches 0x${addr.toString(16)}, ${access}`,
    *run(w) {
      (w.driver as XeDriver).gpu.touch(w.file(0), 1, addr, access);
    },
  };
}

/** What the GPU sees of the one VM. */
const entries = ({ machine }: ScenarioRun) => machine.vms.reduce((sum, { pt }) => sum + pt.ptes.size, 0);

/** The queue is done for: a submit says so. */
const refused = (actor: number) => (w: ScenarioRun) => w.results[actor]?.includes(-ECANCELED) === true;

/** Queue 1 is no longer on the GPU. */
function killed({ files }: ScenarioRun): boolean {
  const file = files.get(0) as
    | { readonly queues?: ReadonlyMap<number, { readonly killed: boolean }> }
    | undefined;
  return file?.queues?.get(1)?.killed === true;
}

/** A worker has written entries that a fault asked for. */
const written = (w: ScenarioRun) => entries(w) > 0;

/** The GPU of xe faults, and what it wants is bound then. */
export const XE_PAGEFAULT_SCOPES: readonly NativeScope[] = [
  {
    ...common,
    name: "fault-evicted",
    about: "a buffer that comes with a fault is evicted, and comes again",
    setup: (w) => w.must(0, VM, QUEUE, bo(1), bind(1, map(1, VA)), EXEC),
    actors: [
      { name: "GPU", calls: [touch(VA), touch(VA, "write")] },
      { name: "shrinker", calls: [shrink(PAGE)] },
    ],
    sometimes: {
      "a fault is answered": written,
      "the buffer comes again": (w) => w.machine.counts.evictions > 0 && entries(w) > 0,
      "the buffer is gone": (w) => w.machine.counts.evictions > 0 && entries(w) === 0,
    },
  },
  {
    ...common,
    name: "fault-userptr",
    about: "a program's own memory that comes with a fault is migrated, and comes again",
    setup: (w) => w.must(0, VM, QUEUE, bind(1, user(2)), EXEC),
    actors: [
      { name: "GPU", calls: [touch(VA), touch(VA + PAGE)] },
      { name: "kernel", calls: [migratePages(0, MEM, PAGE)] },
    ],
    sometimes: {
      "a fault is answered": written,
      "entries go with the memory": (w) => w.machine.counts.ptMaps > 0 && entries(w) === 0,
    },
  },
  {
    ...common,
    name: "fault-userptr-gone",
    about: "the program gives memory back while the GPU faults for it: its queue ends, or it was in time",
    setup: (w) => w.must(0, VM, QUEUE, bind(1, user(1)), EXEC),
    actors: [
      { name: "GPU", calls: [touch(VA)] },
      { name: "program", calls: [munmap(0, MEM, PAGE), ask(0, EXEC)] },
    ],
    sometimes: { "a fault is answered": written, "the queue ends": refused(1) },
  },
  {
    ...common,
    name: "fault-unmap",
    about: "a mapping is cut, and unmapped, while the GPU faults for it",
    setup: (w) => w.must(0, VM, QUEUE, bo(1, 3), bind(1, map(1, VA, 3)), EXEC),
    actors: [
      { name: "GPU", calls: [touch(VA), touch(VA)] },
      {
        name: "program",
        calls: [ask(0, bind(1, unmap(VA + PAGE))), ask(0, bind(1, unmap(VA, 3))), ask(0, EXEC)],
      },
    ],
    sometimes: { "a fault is answered": written, "the queue ends": refused(1) },
  },
  {
    ...common,
    name: "fault-vm-close",
    about: "a VM is destroyed while the GPU faults in it",
    setup: (w) => w.must(0, VM, QUEUE, bo(1), bind(1, map(1, VA)), EXEC),
    actors: [
      { name: "GPU", calls: [touch(VA)] },
      { name: "program", calls: [ask(0, DESTROY), mustFail(ask(0, EXEC)), ask(0, CLOSE_QUEUE)] },
    ],
    check: refusedOnly,
    sometimes: { "a fault is answered": written, "the queue ends": killed },
  },
  {
    ...common,
    name: "fault-short-of-memory",
    about: "something is missing to answer a fault: its queue ends",
    failures: 1,
    setup: (w) => w.must(0, VM, QUEUE, bo(1), bind(1, map(1, VA)), EXEC),
    actors: [
      { name: "GPU", calls: [touch(VA)] },
      { name: "program", calls: [ask(0, EXEC)] },
    ],
    sometimes: { "a fault is answered": written, "the queue ends": refused(1) },
  },
  {
    ...common,
    name: "fault-atomic",
    about: "an atomic access wants a buffer in VRAM, which another program fills",
    vram: 30 * PAGE,
    setup(w) {
      w.must(0, VM, QUEUE, bo(1, 8, { placement: SYSTEM | VRAM }), bind(1, map(1, VA, 8)), EXEC);
    },
    actors: [
      { name: "GPU", calls: [touch(VA, "atomic")] },
      { name: "other", calls: [ask(1, bo(1, 20, { placement: VRAM }))] },
    ],
    sometimes: { "a fault is answered": written },
  },
];
