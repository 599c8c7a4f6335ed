/** What the workloads are run with. */
export interface StudyParams {
  /** Page flips of W3 and W4. */
  readonly flips: number;
  /** Buffers that they rotate through. */
  readonly buffers: number;
  /** Jobs, or iterations, of the other workloads. */
  readonly jobs: number;
  /** Modelled time of one GPU job in milliseconds. */
  readonly jobMs: number;
  /** Refresh rate of the display. */
  readonly hz: number;
}

/** Two seconds of a display at 60 Hz with three buffers; jobs of 10 ms. */
export const DEFAULT_PARAMS: StudyParams = { flips: 120, buffers: 3, jobs: 12, jobMs: 10, hz: 60 };

/** Milliseconds of the long job of W2: longer than the series' limit of 1000 ms at handle close. */
export const LONG_JOB_MS = 1500;

/** Milliseconds after which the series' v4 and v5 stop waiting at handle close. */
export const CLOSE_LIMIT_MS = 1000;

/** Milliseconds for which a workload with a job that never ends is looked at: longer than every driver's timeout. */
export const HANG_LIMIT_MS = 100_000;
