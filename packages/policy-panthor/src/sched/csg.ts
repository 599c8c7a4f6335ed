import { removeFrom } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { CsgEvents } from "./csg-events.ts";
import { report } from "./events.ts";
import type { PanthorGroup, PanthorQueue } from "./group.ts";

/*
 * What the firmware and the GPU do with a group in a slot: each queue works off its ring buffer, job by job. One job after
 * the other keeps the whole GPU busy.
 */

/** Default modelled time of one job: 10 ms. */
const JOB_NS = 10_000_000;

/** The group's work goes on (START, RESUME). */
export function startGroup(panthor: Panthor, group: PanthorGroup): void {
  for (const queue of group.queues) doorbell(panthor, queue);
}

/** The GPU works on none of it any more (SUSPEND, TERMINATE, or a reset). */
export function stopGroup(panthor: Panthor, group: PanthorGroup): void {
  for (const queue of group.queues) leave(panthor, queue);
  next(panthor);
}

/** There is something new in a ring buffer. */
export function doorbell(panthor: Panthor, queue: PanthorQueue): void {
  const { gpu } = panthor;
  if (queue.group.state !== "active" || queue.done === queue.seqno || gpu.line.includes(queue)) return;
  gpu.line.push(queue);
  if (gpu.manual) begin(panthor, queue);
  else next(panthor);
}

/** The GPU turns to who is first in the line. */
function next(panthor: Panthor): void {
  const { machine, gpu } = panthor;
  const [queue] = gpu.line;
  if (gpu.manual || queue === undefined || queue.onGpu !== null) return;
  begin(panthor, queue);
  if (gpu.nextHangs) gpu.nextHangs = false;
  else gpu.endsIn(machine, machine.options.jobNs ?? JOB_NS);
}

/** The job at hand, or else the next, never ends by itself. */
export function hang({ machine, gpu }: Panthor): void {
  if (gpu.line[0]?.onGpu == null) gpu.nextHangs = true;
  else gpu.cancel(machine);
}

function begin({ machine }: Panthor, queue: PanthorQueue): void {
  const job = queue.inFlight.find(({ seqno }) => seqno > queue.done);
  if (job === undefined) return;
  machine.counts.gpuJobs++;
  job.uses?.starts();
  queue.onGpu = job;
}

function leave({ machine, gpu }: Panthor, queue: PanthorQueue): void {
  removeFrom(gpu.line, queue);
  if (queue.onGpu === null) return;
  if (!gpu.manual) gpu.cancel(machine);
  queue.onGpu.uses?.stops();
  queue.onGpu = null;
}

/** The job at hand is done, where the GPU works on one at a time. */
export function endsByItself(panthor: Panthor): void {
  const [queue] = panthor.gpu.line;
  if (queue !== undefined) complete(panthor, queue);
}

/** The job at hand is done. @returns false if there is none */
export function complete(panthor: Panthor, queue: PanthorQueue): boolean {
  const job = queue.onGpu;
  if (job === null) return false;
  leave(panthor, queue);
  queue.done = job.seqno;
  panthor.onSched?.(["gpu", "done", job]);
  doorbell(panthor, queue);
  next(panthor);
  const { group } = queue;
  report(panthor, group, group.isDone ? nothingLeft : jobDone);
  return true;
}

function jobDone(events: CsgEvents): void {
  events.syncUpdate = true;
}

function nothingLeft(events: CsgEvents): void {
  events.syncUpdate = true;
  events.idle = true;
}
