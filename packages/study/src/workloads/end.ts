import type { Subject } from "@gpuvm/drivers";
import { HANG_LIMIT_MS } from "../params.ts";
import type { Stage, StageWatch } from "../stage.ts";
import { VM } from "../stage-words.ts";
import { buffers, named, programThatRan, shortJobMs, takenFromGpu, takenWords } from "./unended.ts";
import { figure, NO_HANG, type Outcome, span, type Workload } from "./workload.ts";

/** W17: SIGKILL for a program with jobs queued, each of which would end. */
export const W17: Workload = {
  id: "W17",
  title: "kill -9 with jobs queued",
  does: "a program with n jobs queued, each with a buffer of its own, is killed: how many jobs is the GPU still given, how long does the end take, what is left when it is over, and until when",
  unended: true,
  run(subject, params, watch) {
    const { jobs } = params;
    const jobMs = shortJobMs(params);
    const stage = programThatRan(subject, jobMs, watch);
    const queued = Math.max(jobs, 9);
    const before = stage.machine.counts.gpuJobs;
    queue(stage, queued);
    midJob(stage, jobMs);
    const ended = endOf(stage, () => stage.exit(0, "kill"));
    stage.idle();
    return { queued_jobs: queued, given_jobs: stage.machine.counts.gpuJobs - before, ...ended };
  },
  says(o) {
    const left = figure(o, "left_objects");
    const given = `the GPU is given ${figure(o, "given_jobs")} of ${figure(o, "queued_jobs")} jobs`;
    const kept = `${buffers(figure(o, "kept_objects"))} kept when it is over, ${left} for good`;
    return `${given}, the end takes ${span(figure(o, "end_wait_ms"))}, ${kept}${takenWords(o)}`;
  },
  word(o) {
    const given = `${figure(o, "given_jobs")} of ${figure(o, "queued_jobs")}`;
    return endWord(o, "") ?? (figure(o, "end_wait_ms") > 0 ? `${given}, waits` : given);
  },
};

/** W18: the file, or only the VM, goes while a job of it hangs. */
export const W18: Workload = {
  id: "W18",
  title: "close or kill during a hang",
  does: "a program with n jobs queued, of which the first never ends, closes its file; then the same with SIGKILL; then, where it can, it destroys only its VM: how long does that take, what is left when it is over, until when, what is unmapped under the GPU",
  unended: true,
  run(subject, params, watch) {
    const { jobs } = params;
    const jobMs = shortJobMs(params);
    const outcome: Record<string, number> = {};
    for (const [name, title] of WAYS) {
      const ended = duringHang(subject, jobs, jobMs, watch, name, title);
      if (ended === "no hang") return NO_HANG;
      if (ended !== null) Object.assign(outcome, named(ended, name));
    }
    return { queued_jobs: jobs, ...outcome };
  },
  says(o) {
    const vm = o["end_wait_ms_vm"];
    return [
      `closing the file takes ${span(figure(o, "end_wait_ms_close"))}, with SIGKILL ${span(figure(o, "end_wait_ms_kill"))}`,
      `${buffers(figure(o, "kept_objects_close"))} kept then, ${figure(o, "left_objects_close")} for good${takenWords(o, "_close")}`,
      ...(vm === undefined ? [] : [`destroying the VM alone takes ${span(vm)}${takenWords(o, "_vm")}`]),
    ].join(", ");
  },
  word(o) {
    const taken = endWord(o, "_close") ?? endWord(o, "_kill");
    if (taken !== null) return taken;
    const [close, kill] = ["end_wait_ms_close", "end_wait_ms_kill"].map((name) => figure(o, name));
    if (close === kill) return close === 0 ? "no wait" : `waits ${span(close as number)}`;
    return `${span(close as number)}, -9 ${span(kill as number)}`;
  },
};

const WAYS = [
  ["close", "the file is closed"],
  ["kill", "the program is killed"],
  ["vm", "the VM is destroyed"],
] as const;

function duringHang(
  subject: Subject,
  jobs: number,
  jobMs: number,
  watch: StageWatch | undefined,
  name: (typeof WAYS)[number][0],
  title: string,
): Outcome | "no hang" | null {
  const stage = programThatRan(subject, jobMs, watch, title);
  if (name === "vm" && !destroysVms(stage)) return null;
  if (!stage.hang()) return "no hang";
  queue(stage, jobs);
  midJob(stage, jobMs);
  if (name !== "vm") return endOf(stage, () => stage.exit(0, name));
  const began = stage.ms;
  stage.does(0, "destroys its VM", () => stage.ask({ op: "vm_destroy", f: 0, vm: VM }));
  return { end_wait_ms: stage.ms - began, ...takenFromGpu(stage) };
}

/** Whether a program of this driver can give a VM up before its file, other than by unmapping all. */
function destroysVms({ subject }: Stage): boolean {
  const lower = subject.variant.userspace.lower();
  lower({ op: "vm_create", t: 0, f: 0, vm: VM });
  return lower({ op: "vm_destroy", t: 0, f: 0, vm: VM }).some(({ op }) => op === "vm_destroy");
}

/** The GPU is in the middle of the first job. */
function midJob(stage: Stage, jobMs: number): void {
  stage.sleep(jobMs * 5e5, "the GPU is in the first of them");
}

/** Jobs with a buffer each. */
function queue(stage: Stage, jobs: number): void {
  for (let i = 2; i <= jobs + 1; i++) stage.buffer(0, i);
  for (let i = 2; i <= jobs + 1; i++) stage.submit(0, i);
}

/** The end of a program, and what was seen of it. */
function endOf(stage: Stage, end: () => number): Outcome {
  const began = stage.ms;
  const wait = end();
  const kept = { objects: stage.alive, bytes: stage.aliveBytes };
  stage.passUntil("what it had is given back", HANG_LIMIT_MS, () => stage.alive === 0);
  const left = stage.alive;
  return {
    end_wait_ms: wait,
    kept_objects: kept.objects,
    kept_bytes: kept.bytes,
    ...(left === 0 ? { gone_ms: stage.ms - began } : {}),
    left_objects: left,
    ...takenFromGpu(stage),
  };
}

function endWord(o: Outcome, of: string): string | null {
  if (figure(o, `unmapped_running${of}`) > 0) return "GPU FAULT";
  if (figure(o, `freed_mapped${of}`) > 0) return "STALE PTES";
  return figure(o, `left_objects${of}`) > 0 ? "leaks" : null;
}
