import { driverNamed, type Subject } from "@gpuvm/drivers";
import {
  type DriverVariant,
  type Lifter,
  NEUTRAL_DRIVER,
  type NeutralRequest,
  PrivateBuffers,
  type Request,
  translator,
} from "@gpuvm/drm-model";
import type { TraceSource } from "@gpuvm/workloads";

/** Whether the subject understands the trace as it was recorded. */
export function isNative(subject: Subject, source: TraceSource): boolean {
  return (
    source.header.driver === subject.driver.name &&
    subject.variant.userspace.speaks(source.header, source.head)
  );
}

const found = new WeakMap<TraceSource, Promise<PrivateBuffers>>();

/**
 * A trace in the terms of a driver that it was not recorded on: what a well-behaved program of that driver would ask.
 * A trace is read once more before its first translation, to see which of its buffers stay private. Stateful: one per
 * replay.
 */
export async function translation(
  source: TraceSource,
  target: DriverVariant,
): Promise<(request: Request) => readonly Request[]> {
  let buffers = found.get(source);
  if (buffers === undefined) {
    buffers = findPrivate(source);
    found.set(source, buffers);
  }
  return translator(lifter(source), target.userspace, await buffers);
}

async function findPrivate(source: TraceSource): Promise<PrivateBuffers> {
  const buffers = new PrivateBuffers();
  const lift = lifter(source);
  for await (const batch of source.batches()) {
    for (const request of batch) for (const neutral of lift(request)) buffers.see(neutral);
  }
  return buffers;
}

function lifter({ header, head }: TraceSource): Lifter {
  // A neutral trace's requests are neutral by its header.
  if (header.driver === NEUTRAL_DRIVER) return (request) => [request as NeutralRequest];
  const from = driverNamed(header.driver);
  const variants = Object.values(from.variants);
  const speaker =
    variants.find(({ userspace }) => userspace.speaks(header, head)) ?? from.variants[from.defaultVariant];
  if (speaker === undefined) throw new RangeError(`${from.name} has no default variant`);
  return speaker.userspace.lift(header);
}
