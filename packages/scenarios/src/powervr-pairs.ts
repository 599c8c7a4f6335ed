import type { DmaFence, Steps } from "@gpuvm/core";
import type { Request, SyncObj } from "@gpuvm/drm-model";
import type { Ask, Call, ScenarioRun } from "@gpuvm/explorer";
import type { PvrOwnRequest } from "@gpuvm/policy-powervr";
import { bind, bo, map } from "./bugs/bug.ts";

const VA = 0x80_0000_0000;

/** A render target of context 1, and what it needs; its VM has the number 1. */
export const TARGET: readonly Ask[] = [
  bo(1, 1, { flags: 2 }),
  { op: "vm_create", vm: 1 },
  bind(1, map(1, VA)),
  { op: "queue_new", queue: 1, vm: 1, class: 0 },
  { op: "free_list_create", id: 1, va: VA, initPages: 64, maxPages: 64, growPages: 0 },
  { op: "hwrt_create", id: 1, width: 64, height: 64 },
];

/** The geometry and the fragments of a picture, as a pair: the second job waits for the first one's syncobj. */
export const DRAW_PAIR: Call = {
  label: "draw",
  run: (w) => {
    const jobs = [
      { type: 0, context: 1, syncOps: [{ handle: 1, wait: false }] },
      { type: 1, context: 1, syncOps: [{ handle: 1, wait: true }] },
    ];
    return askPvr(w, { op: "submit_jobs", jobs });
  },
};

/** As {@link DRAW_PAIR}; the fragments wait for syncobj 2, too. */
export const DRAW_BEHIND: Call = {
  label: "draw behind another driver's work",
  run: (w) => {
    const jobs = [
      { type: 0, context: 1, syncOps: [{ handle: 1, wait: false }] },
      {
        type: 1,
        context: 1,
        syncOps: [
          { handle: 1, wait: true },
          { handle: 2, wait: true },
        ],
      },
    ];
    return askPvr(w, { op: "submit_jobs", jobs });
  },
};

/** Another driver's fence is in syncobj 2 of file 0. */
export function waitsForOther(w: ScenarioRun): void {
  w.must(0, { op: "syncobj_create", syncobj: 2 });
  const fence = w.machine.fence(w.machine.fenceContext(), 1);
  w.bag.set(OTHER, fence);
  const { syncobjs } = w.file(0) as unknown as {
    readonly syncobjs: { get(handle: number): SyncObj | undefined };
  };
  syncobjs.get(2)?.set(w.machine.dev, fence);
}

const OTHER = "another driver's fence";

/** The other driver's work is done. */
export const OTHER_IS_DONE: Call = {
  label: "the other driver's work is done",
  *run(w) {
    (w.bag.get(OTHER) as DmaFence).signal();
    return 0;
  },
};

function askPvr(w: ScenarioRun, request: PvrOwnRequest): Steps<number> {
  return w.driver.ioctl(w.file(0), { ...request, t: 0, f: 0 } as unknown as Request);
}

/** Syncobj 1 of file 0. */
export function newSyncObj(w: ScenarioRun): void {
  w.must(0, { op: "syncobj_create", syncobj: 1 });
}
