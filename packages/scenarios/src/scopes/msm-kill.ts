import { ask, exitProgram, hangGpu, killProgram, type ScenarioRun } from "@gpuvm/explorer";
import { type MsmGemVm, msm } from "@gpuvm/policy-msm";
import { bo, map, PAGE } from "../bugs/bug.ts";
import { BIND_QUEUE, bindsOf, ENABLE, VA, WORK } from "./msm-asks.ts";
import type { NativeScope } from "./scope.ts";

const vmBind = { driver: msm, variants: ["vm-bind"] };

/** Whether a call of a killed program sleeps there, and a signal ends its sleep. */
const sleeps = (label: string) => (w: ScenarioRun) =>
  w.killed.size > 0 && w.slots.some(({ stop, actor }) => actor !== null && stop === label);

const schedOf = (w: ScenarioRun) => (w.bag.get("vm") as MsmGemVm | undefined)?.sched;

/** A program that manages addresses, with one buffer mapped; its VM is remembered. */
function program(w: ScenarioRun): void {
  w.must(0, ENABLE, BIND_QUEUE, bo(1, 2), bindsOf(map(1, VA)));
  const record = w.machine.vms.find(({ file }) => file === 0);
  w.bag.set("vm", record?.vm);
}

/** What a program that dies skips, and what it waits for. */
export const MSM_KILL_SCOPES: readonly NativeScope[] = [
  {
    ...vmBind,
    name: "kill-in-calls",
    about: "a program is killed while one thread submits and another waits for the queue, or for the work",
    setup: program,
    actors: [
      { name: "one", calls: [ask(0, WORK), ask(0, { op: "wait_fence", fence: 1 })] },
      { name: "two", calls: [ask(0, WORK)] },
      { name: "killer", calls: [killProgram(0)] },
    ],
    sometimes: {
      "a thread that waits for the queue is killed": sleeps("msm_ioctl_gem_submit"),
      "a thread that waits for work is killed": sleeps("msm_ioctl_wait_fence"),
    },
  },
  {
    ...vmBind,
    name: "kill-with-binds",
    about:
      "a program is killed while a bind waits for work that hangs: it waits a second for its queue, and gives it up",
    setup: program,
    actors: [
      {
        name: "program",
        calls: [hangGpu(), ask(0, WORK), ask(0, { ...bindsOf(map(1, VA + PAGE)), in: 1 }), killProgram(0)],
      },
    ],
    sometimes: {
      "the bind is given up": (w) => (schedOf(w)?.killed ?? 0) > 0,
      "the GPU is reset before": (w) => schedOf(w)?.killed === 0 && w.files.size === 0,
    },
  },
  {
    ...vmBind,
    name: "exit-with-binds",
    about:
      "a program exits while a bind waits for work that hangs: nothing is given up before the GPU is reset",
    setup: program,
    actors: [
      {
        name: "program",
        calls: [hangGpu(), ask(0, WORK), ask(0, { ...bindsOf(map(1, VA + PAGE)), in: 1 }), exitProgram(0)],
      },
    ],
    check: (w) => ((schedOf(w)?.killed ?? 0) > 0 ? "a bind of a program that exits is given up" : null),
  },
];
