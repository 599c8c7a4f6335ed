import type { Steps } from "@gpuvm/core";
import type { Request } from "@gpuvm/drm-model";
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

function askPvr(w: ScenarioRun, request: PvrOwnRequest): Steps<number> {
  return w.driver.ioctl(w.file(0), { ...request, t: 0, f: 0 } as unknown as Request);
}

/** Syncobj 1 of file 0. */
export function newSyncObj(w: ScenarioRun): void {
  w.must(0, { op: "syncobj_create", syncobj: 1 });
}
