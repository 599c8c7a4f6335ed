import { GpuvmError, type Steps } from "@gpuvm/core";
import type { Subject } from "@gpuvm/drivers";
import type { HazardKind, Machine } from "@gpuvm/drm-model";
import { Actor } from "../actor.ts";
import type { StudyParams } from "../params.ts";
import { Stage, type StageWatch } from "../stage.ts";
import { buffers, shortJobMs, takenFromGpu, takenWords, UNENDED } from "./unended.ts";
import { figure, NO_EVICTION, type Outcome, span, type Workload } from "./workload.ts";

const BUFFERS = 2;
/** What the shrinker is asked for: more than there is. */
const ALL = 2 ** 30;

/** W20: the last file with a handle is closed in the middle of an eviction, at each place where that can be. */
export const W20: Workload = {
  id: "W20",
  title: "last close during an eviction",
  does: "the shrinker wants a program's two buffers while a job uses them; at each place where it stops or waits, the file with their last handles is closed, and both go on: how long does the close take, what breaks, what is left",
  unended: true,
  run(subject, params, watch) {
    const places = stopsOf(subject, params);
    if (places === null) return NO_EVICTION;
    const ends = Array.from({ length: places }, (_, at) => closeAt(subject, params, at, watch));
    const most = (name: string) => Math.max(0, ...ends.map((end) => figure(end, name)));
    return {
      places,
      close_wait_ms: most("close_wait_ms"),
      left_objects: most("left_objects"),
      findings: most("findings") + most("broke"),
      unmapped_running: most("unmapped_running"),
      freed_mapped: most("freed_mapped"),
    };
  },
  says(o) {
    const broken =
      figure(o, "findings") === 0 ? "nothing breaks" : `something breaks (${figure(o, "findings")} findings)`;
    const wait = span(figure(o, "close_wait_ms"));
    const places = figure(o, "places");
    return `at ${places === 1 ? "1 place" : `${places} places`}, the close takes ${wait} at most, ${broken}, ${buffers(figure(o, "left_objects"))} left for good${takenWords(o)}`;
  },
  word(o) {
    if (figure(o, "freed_mapped") > 0) return "STALE PTES";
    if (figure(o, "findings") > 0) return "BREAKS";
    return figure(o, "left_objects") > 0 ? "leaks" : "ends well";
  },
};

/** A program with buffers that a job uses, and the shrinker that wants them; null: there is none. */
function setUp(subject: Subject, params: StudyParams, watch?: StageWatch, title = "") {
  const stage = new Stage(subject, { jobMs: shortJobMs(params), watch, title, machine: UNENDED });
  const shrink = stage.driver.shrink?.bind(stage.driver);
  if (shrink === undefined) return null;
  stage.program(0);
  for (let i = 1; i <= BUFFERS; i++) stage.buffer(0, i);
  stage.submit(0, 1, 2);
  stage.sleep(shortJobMs(params) * 5e5, "the GPU is in the middle of the job");
  stage.machine.dev.stepping = true;
  return { stage, eviction: new Actor(stage.machine, "shrinker", shrink(ALL) as Steps<never>) };
}

/** Stops of an eviction that nobody disturbs. */
function stopsOf(subject: Subject, params: StudyParams): number | null {
  const rehearsal = setUp(subject, params);
  if (rehearsal === null) return null;
  rehearsal.eviction.run();
  return rehearsal.eviction.stops.length;
}

function closeAt(subject: Subject, params: StudyParams, at: number, watch: StageWatch | undefined): Outcome {
  const ready = setUp(subject, params, watch, `at stop ${at + 1} of the eviction`);
  if (ready === null) return {};
  const { stage, eviction } = ready;
  const { machine, driver, replay } = stage;
  while (eviction.stops.length <= at && !eviction.done) eviction.run(() => true);
  const { label } = eviction.stops.at(-1) ?? { label: "" };
  stage.tell("shrinker", `takes buffers, and is at ${label === "" ? "its end" : label}`);
  const file = replay.file(0);
  const close = new Actor(machine, "close", driver.release(file) as Steps<never>);
  const began = stage.ms;
  const broke = breaks(() => together(machine, close, eviction));
  file.closed = true;
  const wait = stage.ms - began;
  stage.tell("A", "ends: its file is closed", wait);
  const brokeThen = !broke && breaks(() => eviction.run());
  machine.dev.stepping = false;
  stage.idle();
  return {
    close_wait_ms: wait,
    broke: Number(broke || brokeThen),
    left_objects: stage.alive,
    findings: BROKEN.reduce((sum, kind) => sum + stage.hazards(kind), 0),
    ...takenFromGpu(stage),
  };
}

/** What must not happen; not that a VM with soft references is used in a way that the core warns of. */
const BROKEN: readonly HazardKind[] = [
  "use-after-free",
  "dangling-list",
  "count-underflow",
  "stale-pte",
  "stale-tlb",
  "gpu-fault",
  "lock-rule",
];

/** Whether a rule of the core is broken, which ends what is done. */
function breaks(act: () => void): boolean {
  try {
    act();
    return false;
  } catch (error) {
    if (error instanceof GpuvmError) return true;
    throw error;
  }
}

/** Runs a call to its end; whenever it must wait, the other one goes on, and then workers and time. */
function together(machine: Machine, call: Actor, other: Actor): void {
  while (!call.done) {
    if (call.ready) call.step();
    else if (other.ready) other.step();
    else {
      machine.settle();
      if (call.ready || other.ready) continue;
      if (machine.timers.size === 0) throw new RangeError(`${call.name} waits for what nothing brings about`);
      machine.advanceTo(machine.timers.next);
    }
  }
}
