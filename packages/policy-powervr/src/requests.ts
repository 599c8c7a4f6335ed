import type { Request, SyncOp, PvrJob as TracedJob } from "@gpuvm/drm-model";

/** One job of a submit (`struct drm_pvr_job`). */
export interface JobArgs {
  /** `DRM_PVR_JOB_TYPE_*`: 0 geometry, 1 fragment, 2 compute, 3 transfer. */
  readonly type: number;
  /** The context. */
  readonly context: number;
  /** The render target (0: none), and which of its two data sets; absent, as in traces: the file's latest. */
  readonly hwrt?: { readonly set: number; readonly data: number };
  /** What it waits for and signals (`sync_ops`). */
  readonly syncOps?: readonly SyncOp[];
}

/** What traces do not hold of the driver's uAPI, and what it takes beside a {@link Request}. */
export type PvrOwnRequest =
  /** `PVR_SUBMIT_JOBS` with its syncs. */
  | { readonly op: "submit_jobs"; readonly jobs: readonly JobArgs[] }
  /** `PVR_CREATE_FREE_LIST` in a VM. */
  | {
      readonly op: "create_free_list";
      readonly id: number;
      readonly vm: number;
      readonly va: number;
      readonly initPages: number;
      readonly maxPages: number;
      readonly growPages: number;
      /** Per cent of its pages that are kept ready; default: 0. */
      readonly growThreshold?: number;
    }
  /** `PVR_DESTROY_FREE_LIST`. */
  | { readonly op: "destroy_free_list"; readonly id: number }
  /** `PVR_CREATE_HWRT_DATASET` with its free lists. */
  | {
      readonly op: "create_hwrt";
      readonly id: number;
      readonly local: number;
      readonly global: number;
      readonly layers: number;
    }
  /** `PVR_DESTROY_HWRT_DATASET`. */
  | { readonly op: "destroy_hwrt"; readonly id: number };

/** Everything that the driver can be asked. */
export type PvrRequest = Request | PvrOwnRequest;

const NOTHING: readonly SyncOp[] = [];

/** The jobs of a trace, with what each waits for and signals, where that is known. */
export function tracedJobs(
  jobs: readonly TracedJob[],
  syncOps: readonly (readonly SyncOp[])[] = [],
): JobArgs[] {
  return jobs.map((job, i) => ({ type: job[0], context: job[1], syncOps: syncOps[i] ?? NOTHING }));
}
