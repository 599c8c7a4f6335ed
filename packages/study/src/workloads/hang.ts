import type { Subject } from "@gpuvm/drivers";
import { HANG_LIMIT_MS } from "../params.ts";
import type { StageWatch } from "../stage.ts";
import { buffers, named, programThatRan, shortJobMs, takenFromGpu, takenWords } from "./unended.ts";
import { figure, NO_HANG, span, type Workload } from "./workload.ts";

/** W16: a job hangs, and others of its program are queued behind it. */
export const W16: Workload = {
  id: "W16",
  title: "a job hangs, more behind it",
  does: "a program submits 1, 2 or n jobs, each with a buffer of its own, of which the first never ends, and closes every handle at once: how long do its calls wait, when is the last job over, what is kept meanwhile, what is unmapped under the GPU",
  unended: true,
  run(subject, params, watch) {
    const { jobs } = params;
    const jobMs = shortJobMs(params);
    const one = hangWith(subject, 1, jobMs, watch);
    const two = hangWith(subject, 2, jobMs, watch);
    const all = hangWith(subject, jobs, jobMs, watch);
    if (one === null || two === null || all === null) return NO_HANG;
    // One ring: what still runs ends later than what hung, each by the time of a job.
    const ran = Math.round((all.last_job_ms - one.last_job_ms) / jobMs);
    return {
      queued_jobs: jobs,
      behind_jobs: jobs - 1,
      lost_behind: jobs - 1 - ran,
      ...named(one, "1"),
      ...named(two, "2"),
      ...named(all, "n"),
    };
  },
  says(o) {
    const jobs = figure(o, "queued_jobs");
    return (
      [
        `with ${jobs} jobs the closes wait ${span(figure(o, "close_wait_ms_n"))} in all`,
        `the last job is over after ${span(figure(o, "last_job_ms_n"))}`,
        `${figure(o, "lost_behind")} of ${figure(o, "behind_jobs")} jobs behind the first are lost`,
        `${buffers(figure(o, "kept_objects_after_n"))} kept then, ${figure(o, "leaked_objects_n")} for good`,
      ].join(", ") + takenWords(o, "_n")
    );
  },
  word(o) {
    if (figure(o, "unmapped_running_n") > 0) return "GPU FAULT";
    if (figure(o, "freed_mapped_n") > 0) return "STALE PTES";
    if (figure(o, "leaked_objects_n") > 0) return "leaks";
    const wait = figure(o, "close_wait_ms_n");
    if (wait > 0) return `waits ${span(wait)}`;
    const over = span(figure(o, "last_job_ms_n"));
    return figure(o, "kept_objects_after_n") > 0 ? `${over}, kept` : `keeps ${over}`;
  },
};

function hangWith(subject: Subject, count: number, jobMs: number, watch: StageWatch | undefined) {
  const title = count === 1 ? "1 job" : `${count} jobs`;
  const stage = programThatRan(subject, jobMs, watch, title);
  if (!stage.hang()) return null;
  const before = { objects: stage.alive, bytes: stage.aliveBytes };
  const began = stage.ms;
  for (let i = 2; i <= count + 1; i++) stage.buffer(0, i);
  for (let i = 2; i <= count + 1; i++) stage.submit(0, i);
  let wait = 0;
  for (let i = 2; i <= count + 1; i++) wait += stage.close(0, i);
  const kept = { objects: stage.alive - before.objects, bytes: stage.aliveBytes - before.bytes };
  stage.passUntil("the last of its jobs is over", HANG_LIMIT_MS, () => !stage.busy);
  const over = stage.ms - began;
  const after = stage.alive - before.objects;
  const taken = takenFromGpu(stage);
  stage.exit(0);
  stage.idle();
  return {
    close_wait_ms: wait,
    last_job_ms: over,
    kept_objects: kept.objects,
    kept_bytes: kept.bytes,
    kept_objects_after: after,
    leaked_objects: stage.alive,
    ...taken,
  };
}
