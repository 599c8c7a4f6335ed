import type { Subject } from "@gpuvm/drivers";
import { Actor } from "./actor.ts";
import { Stage, type StageOptions, type StageWatch } from "./stage.ts";
import { NOBODY } from "./stage-words.ts";

/** The order of the four steps of W10: lookup, VMA and fence, wait, teardown. */
export type Order = "W U L P" | "L W U P" | "L W P U" | "L P W U";

/** Every order in which each thread keeps its own. */
export const ORDERS: readonly Order[] = ["W U L P", "L W U P", "L W P U", "L P W U"];

/** One line of a schedule: who did what, and what the model then showed. */
export interface ScheduleStep {
  /** `L`, `P`, `W` or `U`. */
  readonly step: string;
  /** Whose thread. */
  readonly who: string;
  /** What happened, and how the object stands after it. */
  readonly what: string;
}

/** One order, driven by hand through the driver's own code. */
export interface Schedule {
  /** The order. */
  readonly order: Order;
  /** What happened, step by step. */
  readonly steps: readonly ScheduleStep[];
  /** What the submit, or bind, answered. */
  readonly answer: number;
  /** Milliseconds that the close waited. */
  readonly wait_ms: number;
  /** Unmaps under a running job. */
  readonly gpu_faults: number;
  /** Objects and VMs left when the file was closed and all was done. */
  readonly leaked_bos: number;
  /** See {@link Schedule.leaked_bos}. */
  readonly leaked_vms: number;
}

const DOES: Readonly<Record<string, string>> = {
  L: "looks the BO up by its handle",
  P: "makes the mapping, attaches its fence, queues the job",
  W: "waits for the fences that are there",
  U: "takes the mapping away that is there, and gives the handle's reference up",
};

/** A program with one new buffer that is not mapped yet, and a VM that has run something. */
function setUp(subject: Subject, options: StageOptions) {
  const stage = new Stage(subject, options);
  stage.does(NOBODY, "a program has run a job, and makes a buffer that is not mapped yet", () => {
    stage.program(0);
    stage.buffer(0, 1);
    stage.submit(0, 1);
    stage.idle();
    stage.unmap(0, 1);
    stage.close(0, 1);
    stage.idle();
    stage.ask({ op: "gem_new", f: 0, bo: 2, size: 65536 });
    stage.see(stage.replay.file(0).handles.get(2) ?? null);
  });
  const close = () => new Actor(stage.machine, "close", stage.ioctl(0, { op: "gem_close", f: 0, bo: 2 }));
  return { stage, close };
}

/** Stops of a close, waits not counted, before it holds the VM's lock: what comes after them is teardown. */
function stopsBeforeTeardown(subject: Subject, jobMs: number, repairs: ReadonlySet<string>): number {
  const { stage, close } = setUp(subject, { jobMs, repairs });
  const { machine } = stage;
  const resv = stage.vmOf(0)?.vm.resv;
  machine.dev.stepping = true;
  const rehearsal = close();
  let stops = 0;
  let found = Number.POSITIVE_INFINITY;
  rehearsal.run(({ kind }) => {
    if (resv?.owner?.name === rehearsal.name) found = Math.min(found, stops);
    if (kind !== "wait") stops++;
    return false;
  });
  return found;
}

/** Runs one order on a variant. Where programs bind, the bind stands for the submit: it is what makes the mapping. */
export function runSchedule(
  subject: Subject,
  order: Order,
  jobMs: number,
  repairs: ReadonlySet<string> = new Set(),
  watch?: StageWatch,
): Schedule {
  const before = stopsBeforeTeardown(subject, jobMs, repairs);
  const title = `the order ${order}`;
  const { stage, close } = setUp(subject, { jobMs, repairs, watch, title });
  const { machine } = stage;
  const object = stage.replay.file(0).handles.get(2);
  const maker = new Actor(machine, stage.binds ? "bind" : "submit", stage.raced(0, 2));
  const closer = close();
  let stops = 0;
  const steps: ScheduleStep[] = [];
  const say = (step: string, waited_ms: number) => {
    const state =
      object === undefined || object.refs === 0
        ? "freed"
        : `${object.refs} references, ${object.ptes > 0 ? "mapped" : "not mapped"}`;
    const faults = stage.hazards("gpu-fault") > 0 ? ", GPU FAULT" : "";
    const mine = step === "L" || step === "P";
    const refused = mine && maker.done && (maker.answer ?? 0) !== 0;
    const does = refused ? `is refused (${maker.answer})` : (DOES[step] ?? "");
    const who = mine ? maker.name : closer.name;
    steps.push({ step, who, what: `${does}: ${state}${faults}` });
    stage.tell(who, `${step}: ${does}`, waited_ms);
  };
  machine.dev.stepping = true;
  let wait = 0;
  for (const step of order.split(" ")) {
    const held = object?.refs ?? 0;
    const began = stage.ms;
    if (step === "L") maker.run(() => (object?.refs ?? 0) > held);
    else if (step === "P") maker.run();
    else if (step === "W") closer.run(({ kind }) => kind !== "wait" && ++stops === before);
    else closer.run();
    if (step === "W" || step === "U") wait += stage.ms - began;
    say(step, stage.ms - began);
  }
  machine.dev.stepping = false;
  machine.settle();
  stage.idle();
  stage.exit(0);
  stage.idle();
  const left = stage.left();
  const end = left.bos > 0 ? `LEAK: ${left.bos} BO and ${left.vms} VM stay for good` : "nothing is left";
  steps.push({ step: "end", who: "kernel", what: `the job ends, the file is closed: ${end}` });
  return {
    order,
    steps,
    answer: maker.answer ?? 0,
    wait_ms: wait,
    gpu_faults: stage.hazards("gpu-fault"),
    leaked_bos: left.bos,
    leaked_vms: left.vms,
  };
}
