import type { Request } from "@gpuvm/drm-model";
import { Stage } from "../stage.ts";
import { VM } from "../stage-words.ts";
import { figure, type Workload } from "./workload.ts";

/** W11: how many reservations a submit locks, with private and with shared buffers. */
export const W11: Workload = {
  id: "W11",
  title: "N BOs, private or shared",
  does: "one submit with many buffers mapped, all private to the VM, and then all shared: how many objects does it lock and fence",
  run(subject, { jobs, jobMs }, watch) {
    const bos = 8 * jobs;
    const run = (isPrivate: boolean): { objects: number; locks: number; shares: boolean } => {
      const title = isPrivate ? "private buffers" : "shared buffers";
      const stage = new Stage(subject, { jobMs, audit: false, watch, title });
      stage.program(0);
      for (let i = 1; i <= bos; i++) stage.buffer(0, i, 1, isPrivate);
      const shares = stage.bo(0, 1)?.resv === stage.vmOf(0)?.vm.resv;
      stage.submit(0, ...Array.from({ length: bos }, (_, i) => i + 1));
      const { submitLocks, submitObjects } = stage.machine.counts;
      stage.idle();
      return { objects: submitObjects.max, locks: submitLocks.max, shares };
    };
    const own = run(true);
    if (!own.shares) return "it has no buffers that are private to a VM, or cannot submit them";
    const shared = run(false);
    return {
      bos,
      private_locks: own.locks,
      private_objects: own.objects,
      shared_locks: shared.locks,
      shared_objects: shared.objects,
    };
  },
  word: (o) => `${figure(o, "private_locks")} : ${figure(o, "shared_locks")}`,
};

/** W12: small binds queued behind a job, each with page-table pages allocated in advance. */
export const W12: Workload = {
  id: "W12",
  title: "flood of 4 KiB binds",
  does: "asynchronous binds of one page, each in another 2 MiB, wait for a running job: how many page-table pages are allocated in advance at once",
  run(subject, { jobs, jobMs }, watch) {
    const binds = 50 * jobs;
    const stage = new Stage(subject, { jobMs, audit: false, watch });
    stage.program(0);
    if (!stage.binds) return "its programs bind nothing: the kernel maps";
    stage.buffer(0, 1, 1);
    const record = stage.vmOf(0);
    const meter = record?.vm as { readonly preallocPeak?: number } | undefined;
    if (meter?.preallocPeak === undefined)
      return "the model of this driver allocates nothing in advance that it counts";
    const ask = (what: string, requests: readonly Request[], sync: { readonly in?: 1; readonly out?: 1 }) =>
      stage.does(0, what, () => {
        for (const request of requests) {
          stage.replay.request({ ...request, t: stage.machine.now, ...sync } as Request);
        }
      });
    const submit = { op: "submit", f: 0, vm: VM, queue: 1, bos: [1], writes: [0], work: true } as const;
    ask("submits a job, whose end the binds wait for", stage.phrase(submit), { out: 1 });
    const began = stage.ms;
    for (let i = 0; i < binds; i++) {
      const op = {
        kind: "map",
        bo: 1,
        boOffset: 0,
        va: 2 ** 40 + i * 2 ** 30,
        length: 4096,
        flags: 0,
      } as const;
      const bind = { op: "vm_bind", f: 0, vm: VM, async: true, ops: [op] } as const;
      ask(`binds a page, ${i + 1} of ${binds}`, stage.phrase(bind), { in: 1 });
    }
    const waited = stage.ms - began;
    stage.idle();
    return {
      binds,
      prealloc_pages_unthrottled: 3 * binds,
      prealloc_pages_peak: meter.preallocPeak,
      waited_ms: waited,
    };
  },
  word: (o) => `${figure(o, "prealloc_pages_peak")} pages`,
};
