import { runSchedule } from "../schedule.ts";
import { figure, type Workload } from "./workload.ts";

/** W10: a submit, or bind, races with the close of the handle that it names. */
export const W10: Workload = {
  id: "W10",
  title: "submit races with close",
  does: "a submit (where programs bind: a bind) looks a BO up by its handle; another thread closes the handle before, between, or after the mapping is made",
  run(subject, { jobMs }, watch) {
    const w10 = runSchedule(subject, "L W U P", jobMs, undefined, watch);
    const w10b = runSchedule(subject, "L W P U", jobMs, undefined, watch);
    const intended = runSchedule(subject, "L P W U", jobMs, undefined, watch);
    const late = runSchedule(subject, "W U L P", jobMs, undefined, watch);
    return {
      w10_leaked_bos: w10.leaked_bos,
      w10_leaked_vms: w10.leaked_vms,
      w10_gpu_faults: w10.gpu_faults,
      w10b_leaked_bos: w10b.leaked_bos,
      w10b_gpu_faults: w10b.gpu_faults,
      intended_leaked_bos: intended.leaked_bos,
      intended_gpu_faults: intended.gpu_faults,
      intended_wait_ms: intended.wait_ms,
      late_answer: late.answer,
    };
  },
  word(o) {
    const leak = figure(o, "w10_leaked_bos") > 0;
    const fault = figure(o, "w10b_gpu_faults") > 0;
    if (leak && fault) return "LEAK, FAULT";
    return leak ? "LEAK" : fault ? "FAULT" : "ends well";
  },
};
