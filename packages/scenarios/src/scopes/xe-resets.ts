import { ECANCELED, ETIME } from "@gpuvm/core";
import { ask, type Call, exitProgram, hangGpu, type ScenarioRun, shrink } from "@gpuvm/explorer";
import { type XeDriver, type XeGpu, xe } from "@gpuvm/policy-xe";
import { bind, bo, map, PAGE, unmap } from "../bugs/bug.ts";
import type { NativeScope } from "./scope.ts";

const VA = 0x10_0000;
const LR = 2;
const FAULT = 4;
const SYSTEM = 1;
const VRAM = 2;
const vm = (flags = 0) => ({ op: "vm_create", vm: 1, flags }) as const;
const queue = (id = 1) => ({ op: "queue_new", queue: id, vm: 1, class: 0 }) as const;
const exec = (id = 1) => ({ op: "exec", queue: id, syncs: 1, batches: 1, addr: 0 }) as const;
const CLOSE = { op: "gem_close", bo: 1 } as const;
const common = { driver: xe, variants: ["mainline"] };

/** Something happens to the GPU. */
function gpu(label: string, happens: (of: XeGpu, w: ScenarioRun) => void): Call {
  return {
    label,
    *run(w) {
      happens((w.driver as XeDriver).gpu, w);
    },
  };
}

const RESET = gpu("a reset of the GT is wanted", (of) => of.reset());

/** A VM with a buffer, and a queue. */
function program(w: ScenarioRun, file = 0, flags = 0): void {
  w.must(file, vm(flags), bo(1), bind(1, map(1, VA)), queue());
}

const answered = (actor: number, errno: number) => (w: ScenarioRun) =>
  w.results[actor]?.includes(errno) === true;

/** A batch has ended with an error. */
const failed = ({ machine }: ScenarioRun) =>
  machine.vms.some(({ vm: { resv } }) => resv.all.some(({ error }) => error === -ETIME));

/** The GPU has left everything, and nobody was told yet. */
const leftFirst = ({ machine }: ScenarioRun) =>
  [...machine.inUse].length > 0 && [...machine.inUse].every(({ touches, begun }) => begun && !touches);

/** The GT of xe is reset, and devices are given up. */
export const XE_RESET_SCOPES: readonly NativeScope[] = [
  {
    ...common,
    name: "gt-reset",
    about: "the GT is reset under two programs: who had begun is banned, who had not is begun again",
    setup(w) {
      program(w);
      program(w, 1);
      w.must(0, exec());
    },
    actors: [
      { name: "program", calls: [ask(0, CLOSE), ask(0, exec())] },
      { name: "other", calls: [ask(1, exec())] },
      { name: "GPU", calls: [RESET] },
    ],
    sometimes: {
      "the GPU leaves first": leftFirst,
      "a batch that had begun fails": failed,
      "a queue is banned": answered(0, -ECANCELED),
    },
  },
  {
    ...common,
    name: "gt-reset-fails",
    about: "a reset fails: the device is given up, and what programs have goes with their files",
    failures: 1,
    setup(w) {
      program(w);
      w.must(0, exec());
    },
    actors: [
      { name: "program", calls: [ask(0, exec()), ask(0, CLOSE), exitProgram(0)] },
      { name: "GPU", calls: [RESET] },
    ],
    sometimes: { "the device is given up": answered(0, -ECANCELED) },
  },
  {
    ...common,
    name: "hang-no-answer",
    about: "the firmware does not take a queue off whose batch hangs: the GT is reset before anybody is told",
    failures: 1,
    setup(w) {
      program(w);
      program(w, 1);
    },
    actors: [
      { name: "program", calls: [hangGpu(), ask(0, exec()), ask(0, CLOSE)] },
      { name: "other", calls: [ask(1, exec())] },
    ],
    sometimes: { "the GPU leaves first": leftFirst, "a batch that hung fails": failed },
  },
  {
    ...common,
    name: "gt-reset-exit",
    about: "a program whose batch hangs exits while the GT is reset",
    setup: (w) => program(w),
    actors: [
      { name: "program", calls: [hangGpu(), ask(0, exec()), exitProgram(0)] },
      { name: "GPU", calls: [RESET] },
    ],
  },
  {
    ...common,
    name: "gt-reset-fault",
    about: "the GT is reset while a page fault is being answered",
    setup(w) {
      program(w, 0, LR | FAULT);
      w.must(0, exec());
    },
    actors: [
      {
        name: "GPU",
        calls: [gpu("the GPU touches what is mapped", (of, w) => of.touch(w.file(0), 1, VA)), RESET],
      },
      { name: "program", calls: [ask(0, bind(1, unmap(VA))), ask(0, exec())] },
    ],
    sometimes: {
      "a fault is answered": ({ machine }) => machine.vms.some(({ pt }) => pt.ptes.size > 0),
      "a queue is banned": answered(1, -ECANCELED),
    },
  },
  {
    ...common,
    name: "gt-reset-preempt",
    about: "the GT is reset while long-running work is preempted, and brought back",
    setup(w) {
      program(w, 0, LR);
      w.must(0, exec());
    },
    actors: [
      { name: "program", calls: [RESET, exitProgram(0)] },
      { name: "shrinker", calls: [shrink(PAGE)] },
    ],
    sometimes: {
      "what moved is bound again": (w) => w.machine.counts.rebinds > 0,
    },
  },
  {
    ...common,
    name: "copy-hangs",
    about:
      "a copy of the driver's own hangs: the GT is reset under a program, and it is copied again, or the device is given up",
    vram: 30 * PAGE,
    setup(w) {
      program(w);
      w.must(1, bo(1, 16, { placement: VRAM | SYSTEM }));
      w.machine.quiesce();
    },
    actors: [
      {
        name: "other",
        calls: [
          gpu("three copies hang", (of) => of.hangCopies(3)),
          ask(1, bo(2, 16, { placement: VRAM })),
          ask(1, { op: "gem_close", bo: 1 }),
        ],
      },
      { name: "program", calls: [ask(0, exec()), ask(0, CLOSE)] },
    ],
    sometimes: { "the device is given up": answered(1, -ECANCELED) },
  },
];
