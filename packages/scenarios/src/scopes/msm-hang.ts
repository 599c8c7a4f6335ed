import { EPIPE } from "@gpuvm/core";
import { ask, closeFile, faultGpu, handOver, hangGpu, type ScenarioRun } from "@gpuvm/explorer";
import { type MsmDriver, msm } from "@gpuvm/policy-msm";
import { bo, map, unmap } from "../bugs/bug.ts";
import { BIND_QUEUE, bindsOf, ENABLE, VA, WORK } from "./msm-asks.ts";
import type { NativeScope } from "./scope.ts";

const vmBind = { driver: msm, variants: ["vm-bind"] };
const LISTED = { op: "submit", bos: [1], writes: [0], cmds: 1 } as const;

/** A program that manages addresses, with one buffer mapped. */
function program(w: ScenarioRun, file: number): void {
  w.must(file, ENABLE, BIND_QUEUE, bo(1), bindsOf(map(1, VA)));
}

const gpuOf = (w: ScenarioRun) => (w.driver as MsmDriver).device.gpu;
/** Where the GPU can preempt: queue 0 is the second ring's, and one of the highest priority the first's. */
const TWO_RINGS = { rings: 2 };
const rewritten = (w: ScenarioRun, ring: number) =>
  (gpuOf(w).rings[ring]?.executed ?? 0) > (gpuOf(w).rings[ring]?.seqno ?? 0);
const lost = (file: number) => (w: ScenarioRun) =>
  (w.driver as MsmDriver).vmOf(w.file(file))?.unusable === true;

/** What msm does when its GPU hangs, or meets an address that leads nowhere. */
export const MSM_HANG_SCOPES: readonly NativeScope[] = [
  {
    ...vmBind,
    name: "hang",
    about: "work hangs, and another program's is behind it on the ring, or before it",
    setup: (w) => {
      program(w, 0);
      program(w, 1);
    },
    actors: [
      { name: "program", calls: [hangGpu(), ask(0, WORK)] },
      { name: "other program", calls: [ask(1, WORK)] },
    ],
    sometimes: {
      "the VM of the program whose work hung is lost": lost(0),
      "the GPU hung with the other program's work, which is behind": lost(1),
      "work behind it is written again, and done": (w) =>
        (gpuOf(w).rings[0]?.executed ?? 0) > (gpuOf(w).rings[0]?.seqno ?? 0),
    },
  },
  {
    ...vmBind,
    name: "hang-beside",
    about:
      "work hangs while another program's is on another ring: the reset takes both rings' work, and both are written anew",
    hardware: TWO_RINGS,
    setup(w) {
      program(w, 0);
      program(w, 1);
      w.must(1, { op: "queue_new", queue: 2, prio: 0 });
    },
    actors: [
      { name: "program", calls: [ask(0, WORK), hangGpu()] },
      { name: "other program", calls: [ask(1, { ...WORK, queue: 2 })] },
    ],
    sometimes: {
      "the VM of a program whose work hung is lost": (w) => lost(0)(w) || lost(1)(w),
      "the other ring's work is written again": (w) =>
        (rewritten(w, 0) && !lost(1)(w)) || (rewritten(w, 1) && !lost(0)(w)),
    },
  },
  {
    ...vmBind,
    name: "hang-then-more",
    about: "a program whose work hangs asks for more, before its VM is lost or after",
    setup: (w) => program(w, 0),
    actors: [
      { name: "program", calls: [hangGpu(), ask(0, WORK), ask(0, WORK), ask(0, bindsOf(map(1, VA)))] },
    ],
    sometimes: {
      "a submit to the lost VM is refused": (w) => w.results[0]?.[2] === -EPIPE,
      "work that was queued is written again, empty": (w) => (gpuOf(w).rings[0]?.emptied ?? 0) > 0,
      "a bind in the lost VM is refused": (w) => w.results[0]?.[3] === -EPIPE,
    },
  },
  {
    ...vmBind,
    name: "hang-then-close",
    about: "a program closes its file while its work hangs: what it mapped goes when the GPU was reset",
    setup: (w) => program(w, 0),
    actors: [
      { name: "program", calls: [hangGpu(), ask(0, WORK), ask(0, { op: "gem_close", bo: 1 }), closeFile(0)] },
    ],
    sometimes: { "the GPU is reset while the close waits": (w) => gpuOf(w).crashstate },
  },
  {
    ...vmBind,
    name: "hang-handed-over",
    about: "the program whose work hangs is gone, and its file is another's: that one keeps the VM",
    setup: (w) => program(w, 0),
    actors: [{ name: "programs", calls: [hangGpu(), ask(0, WORK), handOver(0), ask(0, WORK)] }],
    sometimes: {
      "nobody is left to be blamed": (w) => gpuOf(w).globalFaults > 0,
      "the submitter lives, and the VM is lost": lost(0),
    },
  },
  {
    ...vmBind,
    name: "hang-with-binds",
    about:
      "binds wait for work that hangs: when the VM is lost, what they map is not mapped, and what they unmap is",
    setup: (w) => {
      w.must(0, ENABLE, BIND_QUEUE, bo(1), bo(2), bindsOf(map(1, VA)));
    },
    actors: [
      {
        name: "program",
        calls: [
          hangGpu(),
          ask(0, WORK),
          ask(0, { ...bindsOf(unmap(VA), map(2, VA)), in: 1 }),
          ask(0, { op: "gem_close", bo: 1 }),
        ],
      },
    ],
    sometimes: {
      "a bind meets a VM that is lost": (w) => lost(0)(w) && w.machine.vms.some(({ broken }) => broken),
    },
  },
  {
    driver: msm,
    variants: ["mainline"],
    name: "hang-with-lists",
    about: "listed work hangs: the close of a handle waits for the reset, and the kernel's VM is not lost",
    setup: (w) => w.must(0, bo(1), bo(2)),
    actors: [
      { name: "program", calls: [hangGpu(), ask(0, LISTED), ask(0, { op: "gem_close", bo: 1 })] },
      { name: "other thread", calls: [ask(0, { ...LISTED, bos: [2] })] },
    ],
    check: (w) => (lost(0)(w) ? "a VM that the kernel manages is lost" : null),
    sometimes: {
      "the hang counts for the VM": (w) => ((w.driver as MsmDriver).vmOf(w.file(0))?.faults ?? 0) > 0,
      "work behind it is written again, and done": (w) =>
        (gpuOf(w).rings[0]?.executed ?? 0) > (gpuOf(w).rings[0]?.seqno ?? 0),
    },
  },
  {
    ...vmBind,
    name: "smmu-fault",
    about:
      "work meets an address that leads nowhere while the program binds: the state is kept, nothing is lost",
    setup: (w) => program(w, 0),
    actors: [
      { name: "program", calls: [ask(0, WORK), ask(0, { ...bindsOf(unmap(VA)), in: 1 })] },
      { name: "GPU", calls: [faultGpu()] },
    ],
    check: (w) => (lost(0)(w) ? "a fault that the GPU goes on from costs the VM" : null),
    sometimes: { "the state is kept": (w) => gpuOf(w).crashstate },
  },
];
