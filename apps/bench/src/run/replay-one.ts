import { performance } from "node:perf_hooks";
import { type Driver, type MachineOptions, Replay, type Request } from "@gpuvm/drm-model";
import { breathe } from "../cli/interrupt.ts";
import type { Subject } from "../policies.ts";
import type { Portrait } from "../portrait/portrait.ts";
import { PortraitSampler } from "../portrait/portrait-sampler.ts";
import type { TraceSource } from "./source.ts";
import { translation } from "./translation.ts";

/** Looks at a machine now and then during a replay, outside of what is timed. */
export interface Sampler {
  /** Requests between two looks; asked for again after each. */
  readonly every: number;
  /** Before the first request. */
  start?(replay: Replay): void;
  /** After some requests; `last` is the last of them. */
  sample(replay: Replay, last: Request): void;
  /** After the last request of a repetition, before the kernel closes what the program left open. */
  exiting?(replay: Replay): void;
}

/** How a replay is run. */
export interface ReplayOptions {
  /** Keeps the ledger and histories. */
  readonly audit: boolean;
  /** Checks locks. */
  readonly lockdep: boolean;
  /** How the memory of buffers lies of which the trace says nothing, in bytes; default: as with each driver. */
  readonly contiguity?: number | undefined;
  /** How often the trace is replayed, one after the other, on the same machine. */
  readonly repeat: number;
  /** Told of the requests done, now and then. */
  readonly onProgress?: (requests: number) => void;
  /** Looks on. */
  readonly sampler?: Sampler | undefined;
  /** Also takes what the report shows. */
  readonly portrait?: boolean;
  /** Ends the replay early, by throwing its reason. */
  readonly signal?: AbortSignal;
}

/** Requests between two moments at which Ctrl-C is noticed. */
const UNINTERRUPTED = 16_384;

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

/** Whether the subject understands the trace as it was recorded. */
export function isNative(subject: Subject, source: TraceSource): boolean {
  return (
    source.header.driver === subject.driver.name &&
    subject.variant.userspace.speaks(source.header, source.head)
  );
}

function machineOptions(source: TraceSource, options: ReplayOptions): MachineOptions {
  const { audit, lockdep, contiguity } = options;
  const jobNs = jobNsOf(source.header.capturedWith);
  return {
    audit,
    lockdep,
    ...(jobNs === undefined ? {} : { jobNs }),
    ...(contiguity === undefined ? {} : { contiguity }),
  };
}

/** Replays one trace on one subject, translated if need be. */
export async function replayOne(
  source: TraceSource,
  subject: Subject,
  options: ReplayOptions,
): Promise<Replayed> {
  const native = isNative(subject, source);
  const replay = new Replay(subject.variant, machineOptions(source, options), {
    boOwnership: subject.boOwnership,
  });
  const { signal } = options;
  const portrait = options.portrait === true ? new PortraitSampler() : undefined;
  const sampler: Sampler | undefined = options.sampler ?? portrait;
  sampler?.start?.(replay);
  let events = 0;
  let ms = 0;
  let uninterrupted = 0;
  for (let round = 0; round < options.repeat; round++) {
    replay.begin();
    const translate = native ? null : await translation(source, subject.variant);
    for await (const batch of source.batches()) {
      const requests = translate === null ? batch : batch.flatMap(translate);
      for (let at = 0; at < requests.length; ) {
        const until = Math.min(requests.length, at + (sampler?.every ?? UNINTERRUPTED));
        uninterrupted += until - at;
        const began = performance.now();
        for (; at < until; at++) replay.request(requests[at] as Request);
        ms += performance.now() - began;
        sampler?.sample(replay, requests[until - 1] as Request);
        if (signal !== undefined && uninterrupted >= UNINTERRUPTED) {
          uninterrupted = 0;
          await breathe();
          signal.throwIfAborted();
        }
      }
      events += batch.length;
      options.onProgress?.(events);
    }
    sampler?.exiting?.(replay);
    const began = performance.now();
    replay.closeFiles();
    ms += performance.now() - began;
  }
  replay.finish();
  const seen = portrait === undefined ? {} : { portrait: portrait.finish(replay) };
  return { ...seen, subject, source, translated: !native, replay, driver: replay.driver, events, ms };
}
