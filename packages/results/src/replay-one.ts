import { type Subject, subjectName } from "@gpuvm/drivers";
import {
  type Driver,
  type DriverVariant,
  type MachineOptions,
  Replay,
  type Request,
  UsageError,
} from "@gpuvm/drm-model";
import type { TraceSource } from "@gpuvm/workloads";
import { OpenBuffers } from "./open-buffers.ts";
import type { Portrait } from "./portrait/portrait.ts";
import { PortraitSampler } from "./portrait/portrait-sampler.ts";
import type { Sampler } from "./sampler.ts";
import { isNative, translation } from "./translation.ts";

/** What can end a replay early; an `AbortSignal` is one. */
export interface Interruptible {
  /** Throws once the end was asked for. */
  throwIfAborted(): void;
}

/** How a replay is run. */
export interface ReplayOptions {
  /** Keeps the ledger and histories. */
  readonly audit: boolean;
  /** Checks locks. */
  readonly lockdep: boolean;
  /** How the memory of buffers lies of which the trace says nothing, in bytes; default: as with each driver. */
  readonly contiguity?: number | undefined;
  /** Memory of the device's own, in bytes; default: as with each driver. */
  readonly vram?: number | undefined;
  /** Memory of the host's that buffers may have, in bytes; default: as much as they want. */
  readonly memory?: number | undefined;
  /** Memory of the host's that the GPU reaches at a time, in bytes; default: all. */
  readonly gart?: number | undefined;
  /** How often the trace is replayed, one after the other, on the same machine. */
  readonly repeat: number;
  /** Told of the requests done, now and then. */
  readonly onProgress?: (requests: number) => void;
  /** Looks on. */
  readonly sampler?: Sampler | undefined;
  /** Also takes what the report shows. */
  readonly portrait?: boolean;
  /** The copy of the model and of the subject's variant to run; default: the one that this package is linked to. */
  readonly copy?: ModelCopy | undefined;
  /** Buffers that may be open at once; default: 500,000. More end the replay with {@link CannotHold}. */
  readonly maxBuffers?: number;
  /** Ends the replay early, by throwing its reason: an `AbortSignal`. */
  readonly signal?: Interruptible;
  /** Real time in milliseconds, such as `performance.now()`: what {@link Replayed.ms} is measured with. */
  readonly now: () => number;
  /** Gives whoever else needs the thread a turn, now and then. */
  readonly breathe?: () => Promise<void>;
}

/** A copy of the model, such as `@gpuvm/drm-model/straight` and the variant of a `@gpuvm/policy-*` package's `/straight`. */
export interface ModelCopy {
  /** Its class. */
  readonly Replay: typeof Replay;
  /** The subject's variant in it. */
  readonly variant: DriverVariant;
}

/** Requests between two moments at which Ctrl-C is noticed. */
const UNINTERRUPTED = 16_384;

/** Open buffers beyond which a machine takes more memory and time than most have. */
const BUFFERS_MAX = 500_000;

/** One replay to make. */
export interface Job {
  readonly source: TraceSource;
  readonly subject: Subject;
}

/** A finished replay. */
export interface Replayed {
  /** The subject. */
  readonly subject: Subject;
  /** The trace. */
  readonly source: TraceSource;
  /** Whether the requests had to be translated. */
  readonly translated: boolean;
  /** The machine as it was left, and what was left behind. */
  readonly replay: Replay;
  /** The driver. */
  readonly driver: Driver;
  /** Events of the trace, over all repetitions. */
  readonly events: number;
  /** Real time of the replay alone, in milliseconds: reading, checking and translating not counted. */
  readonly ms: number;
  /** What the report shows. */
  readonly portrait?: Portrait;
}

/** Modelled time of one GPU job, from the header's words on how the recording was made; else the machine's default. */
export function jobNsOf(capturedWith: string | undefined): number | undefined {
  const match = /after (\d+) us of simulated/.exec(capturedWith ?? "");
  return match === null ? undefined : Number(match[1]) * 1000;
}

function machineOptions(source: TraceSource, options: ReplayOptions): MachineOptions {
  const { audit, lockdep, contiguity, vram, gart, memory } = options;
  const jobNs = jobNsOf(source.header.capturedWith);
  return {
    audit,
    lockdep,
    ...(jobNs === undefined ? {} : { jobNs }),
    ...(contiguity === undefined ? {} : { contiguity }),
    ...(vram === undefined ? {} : { vram }),
    ...(gart === undefined ? {} : { gart }),
    ...(memory === undefined ? {} : { memory }),
  };
}

/** A trace asks for more than a subject can hold, such as addresses: no fault of the trace, and no answer of the driver. */
export class CannotHold extends UsageError {
  /** The trace's name. */
  readonly trace: string;
  /** The subject's. */
  readonly subject: string;
  /** What it is more than. */
  readonly why: string;

  /** Puts the message together. */
  constructor(trace: string, subject: string, why: string) {
    super(`${subject} cannot hold ${trace}: ${why}`);
    this.trace = trace;
    this.subject = subject;
    this.why = why;
  }
}

/**
 * Replays one trace on one subject, translated if need be.
 *
 * @throws CannotHold if the trace asks for more than the subject can hold
 */
export async function replayOne(
  source: TraceSource,
  subject: Subject,
  options: ReplayOptions,
): Promise<Replayed> {
  try {
    return await replayed(source, subject, options);
  } catch (error) {
    // Policies and the core say so of what is out of their range, and the machine of what is out of its memory's.
    if (!(error instanceof RangeError)) throw error;
    throw new CannotHold(source.name, subjectName(subject), error.message);
  }
}

async function replayed(source: TraceSource, subject: Subject, options: ReplayOptions): Promise<Replayed> {
  const native = isNative(subject, source);
  const model = options.copy ?? { Replay, variant: subject.variant };
  const replay = new model.Replay(model.variant, machineOptions(source, options), {
    boOwnership: subject.boOwnership,
  });
  const { signal, now, breathe } = options;
  const portrait = options.portrait === true ? new PortraitSampler() : undefined;
  const sampler: Sampler | undefined = options.sampler ?? portrait;
  sampler?.start?.(replay);
  let events = 0;
  let ms = 0;
  let uninterrupted = 0;
  for (let round = 0; round < options.repeat; round++) {
    replay.begin();
    const translate = native ? null : await translation(source, subject.variant);
    // Over again it opens as many as the first time.
    const buffers = round === 0 ? new OpenBuffers(options.maxBuffers ?? BUFFERS_MAX) : null;
    for await (const batch of source.batches()) {
      buffers?.push(batch);
      const requests = translate === null ? batch : batch.flatMap(translate);
      for (let at = 0; at < requests.length; ) {
        const until = Math.min(requests.length, at + (sampler?.every ?? UNINTERRUPTED));
        uninterrupted += until - at;
        const began = now();
        for (; at < until; at++) replay.request(requests[at] as Request);
        ms += now() - began;
        sampler?.sample(replay, requests[until - 1] as Request);
        if (uninterrupted >= UNINTERRUPTED) {
          uninterrupted = 0;
          await breathe?.();
          signal?.throwIfAborted();
        }
      }
      events += batch.length;
      options.onProgress?.(events);
    }
    sampler?.exiting?.(replay);
    const began = now();
    replay.closeFiles();
    ms += now() - began;
  }
  replay.finish();
  const seen = portrait === undefined ? {} : { portrait: portrait.finish(replay) };
  return { ...seen, subject, source, translated: !native, replay, driver: replay.driver, events, ms };
}
