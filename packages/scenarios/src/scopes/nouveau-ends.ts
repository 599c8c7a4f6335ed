import { ECANCELED, ENODEV } from "@gpuvm/core";
import {
  ask,
  type Call,
  closeFile,
  exitProgram,
  hangGpu,
  killProgram,
  type ScenarioRun,
  shrink,
} from "@gpuvm/explorer";
import { type NouveauDriver, nouveau } from "@gpuvm/policy-nouveau";
import { bind, bo, map, PAGE, unmap } from "../bugs/bug.ts";
import { type NativeScope, OWN_FAULT } from "./scope.ts";

const VA = 0x10_0000;
const INIT = { op: "vm_init", kva: 2 ** 46, ksize: 2 ** 30 } as const;
const channel = (id: number) => ({ op: "channel_new", channel: id }) as const;
const exec = (id: number) => ({ op: "exec", channel: id, push: [[VA, 64]] }) as const;
const CLOSE = { op: "gem_close", bo: 1 } as const;
const common = { driver: nouveau, variants: ["vm-bind"] };

/** A fault, or a context switch that took too long: the hardware resets the engine, and tells the driver. */
const FAILS: Call = {
  label: "the hardware gives up the channel at hand",
  *run({ driver }) {
    return (driver as NouveauDriver).failChannel() ? 0 : -ENODEV;
  },
};

/** A program with a buffer that is mapped, and channels. */
function program(w: ScenarioRun, ...channels: number[]): void {
  w.must(0, INIT, ...channels.map(channel), bo(1, 1, { domain: 4 }), bind(1, map(1, VA)));
}

const killed = (w: ScenarioRun) => w.results.at(-1)?.[0] === 0;
const refusedExec = (w: ScenarioRun) => w.results[0]?.includes(-ENODEV) === true;

/** Work of VM 1 ended with an error. */
const ended = (errno: number) => (w: ScenarioRun) =>
  w.machine.vms.some(({ vm: { resv } }) => resv.all.some(({ error }) => error === errno));

/** How work ends under nouveau that does not end by itself. */
export const NOUVEAU_END_SCOPES: readonly NativeScope[] = [
  {
    ...common,
    name: "channel-fails",
    about:
      "a channel is given up with one job at hand and one behind it; what they use is unmapped, and goes",
    allow: OWN_FAULT,
    setup: (w) => program(w, 1),
    actors: [
      {
        name: "program",
        calls: [ask(0, exec(1)), ask(0, exec(1)), ask(0, bind(1, unmap(VA))), ask(0, CLOSE)],
      },
      { name: "hardware", calls: [FAILS] },
    ],
    sometimes: { "the channel is given up": killed, "it takes no more work": refusedExec },
  },
  {
    ...common,
    name: "channel-fails-beside",
    about: "one of two channels is given up while memory is short: the work of the other goes on",
    setup: (w) => program(w, 1, 2),
    actors: [
      { name: "one", calls: [ask(0, exec(1))] },
      { name: "two", calls: [ask(0, exec(2))] },
      { name: "shrinker", calls: [shrink(PAGE)] },
      { name: "hardware", calls: [FAILS] },
    ],
    sometimes: {
      "a channel is given up": killed,
      "a job begins again behind it": (w) => w.machine.counts.gpuJobs > 2,
    },
  },
  {
    ...common,
    name: "channel-fails-exit",
    about: "a program exits, with jobs queued, while its channel is given up",
    setup: (w) => program(w, 1),
    actors: [
      { name: "program", calls: [ask(0, exec(1)), ask(0, exec(1)), exitProgram(0)] },
      { name: "hardware", calls: [FAILS] },
    ],
    sometimes: { "the channel is given up": killed },
  },
  {
    ...common,
    name: "channel-kill",
    about: "a program is killed while it submits: what has not begun is cancelled, the rest is waited for",
    setup: (w) => program(w, 1),
    actors: [
      { name: "program", calls: [ask(0, exec(1)), ask(0, exec(1))] },
      { name: "killer", calls: [killProgram(0)] },
    ],
  },
  {
    ...common,
    name: "hang",
    about:
      "a job hangs with another of its channel behind it: after its time the channel is killed, and both are cancelled",
    timeouts: true,
    setup: (w) => program(w, 1),
    actors: [{ name: "program", calls: [hangGpu(), ask(0, exec(1)), ask(0, exec(1)), ask(0, exec(1))] }],
    sometimes: {
      "a job that hung is cancelled": ended(-ECANCELED),
      "the channel takes no more work": refusedExec,
    },
  },
  {
    ...common,
    name: "hang-beside",
    about: "a job hangs while another channel has work: the hardware cannot switch, and gives the one up",
    timeouts: true,
    setup: (w) => program(w, 1, 2),
    actors: [
      { name: "one", calls: [hangGpu(), ask(0, exec(1))] },
      { name: "two", calls: [ask(0, exec(2))] },
    ],
    sometimes: {
      "a channel is given up": ended(-ENODEV),
      "work of the other channel is done": ended(0),
    },
  },
  {
    ...common,
    name: "hang-exit",
    about: "a program ends while its job hangs: the end waits for the job's timeout, then the GPU leaves it",
    timeouts: true,
    setup: (w) => program(w, 1),
    actors: [
      { name: "program", calls: [hangGpu(), ask(0, exec(1)), ask(0, exec(1)), ask(0, CLOSE), closeFile(0)] },
    ],
    sometimes: {
      "the end waits for the channel": (w) => w.slots.some(({ stop }) => stop === "nouveau_channel_idle"),
    },
  },
  {
    ...common,
    name: "hang-kill",
    about: "a program is killed while its job hangs: it ends no sooner than one that closes its file",
    timeouts: true,
    setup: (w) => program(w, 1),
    actors: [
      { name: "program", calls: [hangGpu(), ask(0, exec(1)), ask(0, exec(1))] },
      { name: "killer", calls: [killProgram(0)] },
    ],
    sometimes: {
      "the end waits for the channel": (w) => w.slots.some(({ stop }) => stop === "nouveau_channel_idle"),
    },
  },
];
