import type { Subject } from "@gpuvm/drivers";
import type { Request } from "@gpuvm/drm-model";
import { HANG_LIMIT_MS } from "../params.ts";
import type { Stage, StageWatch } from "../stage.ts";
import { PAGE, VM } from "../stage-words.ts";
import { named, programThatRan, shortJobMs, takenFromGpu, takenWords } from "./unended.ts";
import { figure, type Outcome, span, type Workload } from "./workload.ts";

/** Why a variant cannot run a workload about a program's own memory. */
const NO_USERPTR = "the driver maps no memory of a program's own, or its model does not";

/** Where the program has its memory, and how much of it is mapped. */
const START = 2 ** 32;
const PAGES = 16;
/** Where it is mapped: 1 TiB. */
const VA = 2 ** 40;

/** W21: a program's own memory, mapped for the GPU, goes under a job. */
export const W21: Workload = {
  id: "W21",
  title: "a program's memory goes, in use",
  does: "a program maps memory of its own for the GPU and submits a job; while it runs the kernel migrates that memory; then the same with a job that never ends: how long does the kernel wait, and what is bound again for the next job",
  unended: true,
  run(subject, params, watch) {
    const jobMs = shortJobMs(params);
    const runs = migrate(subject, jobMs, watch, false);
    const hung = migrate(subject, jobMs, watch, true);
    if (runs === null || hung === null) return NO_USERPTR;
    return { rest_of_job_ms: jobMs / 2, ...named(runs, "job"), ...named(hung, "hang") };
  },
  says(o) {
    const [job, hang] = ["migration_wait_ms_job", "migration_wait_ms_hang"].map((name) =>
      span(figure(o, name)),
    );
    const again = `${figure(o, "rebinds_job")} rebind for the next job`;
    return `the migration waits ${job} for a job, ${hang} for one that hangs, ${again}${takenWords(o, "_job")}${takenWords(o, "_hang")}`;
  },
  word(o) {
    if (
      ["job", "hang"].some((of) => figure(o, `unmapped_running_${of}`) + figure(o, `freed_mapped_${of}`) > 0)
    )
      return "GPU FAULT";
    return `${span(figure(o, "migration_wait_ms_job"))}, ${span(figure(o, "migration_wait_ms_hang"))}`;
  },
};

function migrate(
  subject: Subject,
  jobMs: number,
  watch: StageWatch | undefined,
  hangs: boolean,
): Outcome | null {
  const stage = programThatRan(subject, jobMs, watch, hangs ? "a job that hangs" : "a job");
  if (!mapOwn(stage)) return null;
  if (hangs && !stage.hang()) return null;
  const { machine } = stage;
  const { memory } = stage.replay.file(0).process;
  stage.submit(0, 1);
  stage.sleep(jobMs * 5e5, "the GPU is in the middle of it");
  const began = stage.ms;
  stage.call(
    "kernel",
    "migrates that memory",
    memory.invalidate(machine, START, START + PAGES * PAGE, "replace"),
  );
  const wait = stage.ms - began;
  const taken = takenFromGpu(stage);
  const before = machine.counts.rebinds;
  if (!hangs) stage.submit(0, 1);
  stage.passUntil("its job is over", HANG_LIMIT_MS, () => !stage.busy);
  return { migration_wait_ms: wait, rebinds: machine.counts.rebinds - before, ...taken };
}

/** The program maps memory of its own. @returns false: the driver does not do that */
function mapOwn(stage: Stage): boolean {
  const { capabilities } = stage.driver.policy;
  if (!capabilities.some(({ name, supported }) => name === "userptr" && supported)) return false;
  const op = { kind: "map", bo: 0, boOffset: START, va: VA, length: PAGES * PAGE, flags: 0 } as const;
  const requests = stage.phrase({ op: "vm_bind", f: 0, vm: VM, async: false, ops: [op] });
  stage.does(0, "maps memory of its own for the GPU", () => {
    for (const request of requests) {
      const ret = stage.replay.request({ ...own(request), t: stage.machine.now });
      if (ret !== 0) throw new RangeError(`memory of the program's own is refused: ${ret}`);
    }
  });
  return true;
}

function own(request: Request): Request {
  if (request.op !== "vm_bind") return request;
  return { ...request, ops: request.ops.map((op) => ({ ...op, kind: "map_userptr", boOffset: START })) };
}
