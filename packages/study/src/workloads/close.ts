import { CLOSE_LIMIT_MS, LONG_JOB_MS } from "../params.ts";
import { Stage } from "../stage.ts";
import { figure, NOT_SHARED, span, type Workload } from "./workload.ts";

/** W1: a buffer for one job, its handle closed while the job runs. */
export const W1: Workload = {
  id: "W1",
  title: "close before the job is done",
  does: "a program creates a buffer, submits a job with it and closes the handle at once, again and again; then the same with a program of its own for each buffer",
  run(subject, { jobs, jobMs }, watch) {
    const stage = new Stage(subject, { jobMs, watch });
    let wait = 0;
    stage.program(0);
    for (let i = 1; i <= jobs; i++) {
      stage.buffer(0, i);
      stage.submit(0, i);
      wait = Math.max(wait, stage.close(0, i));
    }
    stage.idle();
    const kept = stage.alive;
    stage.exit(0);
    stage.idle();
    const closed = { bos: stage.alive, vms: stage.left().vms };
    for (let f = 1; f <= jobs; f++) {
      stage.program(f);
      stage.buffer(f, 1);
      stage.submit(f, 1);
      stage.close(f, 1);
      stage.exit(f);
    }
    stage.idle();
    const programs = { bos: stage.alive, vms: stage.left().vms };
    return {
      close_wait_ms: wait,
      kept_bos_per_iteration: kept / jobs,
      leaked_bos_per_iteration: closed.bos / jobs,
      leaked_vms_per_program: closed.vms,
      leaked_bos_per_program_iteration: (programs.bos - closed.bos) / jobs,
      leaked_vms_per_program_iteration: (programs.vms - closed.vms) / jobs,
      gpu_faults: stage.hazards("gpu-fault"),
    };
  },
  word(o) {
    if (figure(o, "leaked_bos_per_iteration") > 0) return "leaks";
    if (figure(o, "gpu_faults") > 0) return "faults";
    if (figure(o, "close_wait_ms") > 0) return `waits ${span(figure(o, "close_wait_ms"))}`;
    return figure(o, "kept_bos_per_iteration") > 0 ? "till unmap" : "at retire";
  },
};

/** W2: as W1, with a job longer than the limit of the series' v4. */
export const W2: Workload = {
  id: "W2",
  title: `the same, job of ${span(LONG_JOB_MS)}`,
  does: `as W1, once, with a job of ${LONG_JOB_MS} ms, longer than the ${CLOSE_LIMIT_MS} ms that v4 and v5 wait at most`,
  run(subject, _params, watch) {
    const stage = new Stage(subject, { jobMs: LONG_JOB_MS, watch });
    stage.program(0);
    stage.buffer(0, 1);
    stage.submit(0, 1);
    const wait = stage.close(0, 1);
    stage.idle();
    return { close_wait_ms: wait, gpu_faults: stage.hazards("gpu-fault"), kept_bos: stage.alive };
  },
  word(o) {
    if (figure(o, "gpu_faults") > 0) return "GPU FAULT";
    if (figure(o, "close_wait_ms") > 0) return `waits ${span(figure(o, "close_wait_ms"))}`;
    return "no wait";
  },
};

/** W6: a handle is closed in one process while another one's job uses the object. */
export const W6: Workload = {
  id: "W6",
  title: "close, busy in another process",
  does: "A submits a job with a shared buffer; B, which has a VM but never mapped the buffer, closes its handle",
  run(subject, { jobMs }, watch) {
    const stage = new Stage(subject, { jobMs, watch });
    stage.program(0);
    stage.buffer(0, 1);
    const shared = stage.exportBo(0, 1);
    if (shared === null) return NOT_SHARED;
    stage.program(1);
    stage.buffer(1, 1);
    stage.submit(1, 1);
    stage.importBo(1, shared, 2);
    stage.idle();
    stage.submit(0, 1);
    const wait = stage.close(1, 2);
    const mapped = Math.sign(stage.bo(0, 1)?.ptes ?? 0);
    stage.idle();
    return { close_wait_ms: wait, mapped_for_a: mapped, gpu_faults: stage.hazards("gpu-fault") };
  },
  word(o) {
    if (figure(o, "mapped_for_a") === 0) return "unmaps A's";
    return figure(o, "close_wait_ms") > 0 ? `waits ${span(figure(o, "close_wait_ms"))}` : "no wait";
  },
};

/** W13: a process dies with more jobs queued than the ring holds. */
export const W13: Workload = {
  id: "W13",
  title: "exit with jobs queued",
  does: "a process with jobs queued ends without closing anything: how many jobs does the GPU still run, and how long does the end take",
  run(subject, { jobs, jobMs }, watch) {
    const stage = new Stage(subject, { jobMs, watch });
    const queued = Math.max(jobs, 9);
    stage.program(0);
    stage.buffer(0, 1);
    for (let i = 0; i < queued; i++) stage.submit(0, 1);
    const wait = stage.exit(0);
    stage.idle();
    const { gpuJobs } = stage.machine.counts;
    return {
      queued_jobs: queued,
      executed_jobs: gpuJobs,
      exit_wait_ms: wait,
      gpu_faults: stage.hazards("gpu-fault"),
    };
  },
  word: (o) => {
    const wait = figure(o, "exit_wait_ms");
    return `${figure(o, "executed_jobs")} of ${figure(o, "queued_jobs")}${wait > 0 ? ", waits" : ""}`;
  },
};

/** W14: two handles of one file to one object, one of which is closed. */
export const W14: Workload = {
  id: "W14",
  title: "two handles, one closed",
  does: "a program has two handles to a buffer that its VM maps, closes the second, and goes on using the first",
  run(subject, { jobMs }, watch) {
    const stage = new Stage(subject, { jobMs, watch });
    stage.program(0);
    const made = stage.vmOf(0)?.steps.map ?? 0;
    stage.buffer(0, 1);
    stage.submit(0, 1);
    stage.idle();
    const object = stage.bo(0, 1);
    if (object === undefined || stage.openAgain(0, 1, 2) !== 0) return "no second handle can be had";
    const before = object.ptes;
    stage.close(0, 2);
    stage.idle();
    const after = object.ptes;
    stage.submit(0, 1);
    stage.idle();
    const maps = (stage.vmOf(0)?.steps.map ?? 0) - made;
    return { mapped_before: Math.sign(before), mapped_after: Math.sign(after), maps };
  },
  word: (o) => (figure(o, "mapped_after") > 0 ? "stays" : "mapping gone"),
};
