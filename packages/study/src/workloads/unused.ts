import { Stage } from "../stage.ts";
import { figure, type Workload } from "./workload.ts";

/** W15: a buffer that is mapped, or told its address, and never submitted. */
export const W15: Workload = {
  id: "W15",
  title: "mapped, never submitted",
  does: "a program asks for the address of a buffer, or binds it, submits nothing, closes the handle and ends: no request ever completes",
  run(subject, { jobMs }, watch) {
    const stage = new Stage(subject, { jobMs, watch });
    stage.program(0);
    stage.buffer(0, 1);
    stage.close(0, 1);
    stage.exit(0);
    stage.idle();
    const { bos, vms } = stage.left();
    return { leaked_bos: bos, leaked_vms: vms };
  },
  word(o) {
    const what = [figure(o, "leaked_bos") > 0 && "BO", figure(o, "leaked_vms") > 0 && "VM"].filter(Boolean);
    return what.length === 0 ? "freed" : `leaks ${what.join("+")}`;
  },
};
