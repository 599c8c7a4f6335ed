import type { Replay, Request } from "@gpuvm/drm-model";

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
