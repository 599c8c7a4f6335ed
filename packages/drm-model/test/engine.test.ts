import { DmaFence } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import { GpuEngine, Machine } from "../src/index.ts";

/** A ring with jobs of 10 ms, and what it does with them, in order. */
function rig() {
  const machine = new Machine({});
  const engine = new GpuEngine(machine);
  const did: string[] = [];
  const submit = (name: string, after: readonly DmaFence[] = []) => {
    const fence = new DmaFence(1, did.length);
    const job = {
      name,
      fence,
      after,
      uses: { starts: () => did.push(`${name} starts`), stops: () => did.push(`${name} stops`) },
    };
    fence.onSignal(() => did.push(`${name} is done at ${machine.now / 1e6}`));
    engine.submit(job);
    return job;
  };
  return { machine, engine, did, submit };
}

describe("jobs that are taken away", () => {
  it("stop the GPU if it works on one: the others begin anew, and no fence signals", () => {
    const { machine, engine, did, submit } = rig();
    const gone = submit("a");
    submit("b");
    machine.advanceTo(5e6);
    engine.remove((job) => job === gone);
    machine.quiesce();
    expect(did).toEqual(["a starts", "a stops", "b starts", "b stops", "b is done at 15"]);
    expect(gone.fence.signaled).toBe(false);
  });

  it("from behind leave the one at hand alone, and need not have begun, nor be on the ring", () => {
    const { machine, engine, did, submit } = rig();
    const hand = submit("a");
    const gone = [submit("b"), submit("d", [hand.fence])];
    submit("c");
    expect(engine.jobs.map((job) => (job as unknown as { name: string }).name)).toEqual(["a", "b", "c", "d"]);
    engine.remove((job) => gone.includes(job as (typeof gone)[0]));
    machine.quiesce();
    expect(did).toEqual([
      "a starts",
      "d stops",
      "b stops",
      "a stops",
      "c starts",
      "a is done at 10",
      "c stops",
      "c is done at 20",
    ]);
    expect(machine.counts.gpuJobs).toBe(2);
  });

  it("end a hang with the job that hangs", () => {
    const { machine, engine, did, submit } = rig();
    engine.hang();
    const gone = submit("a");
    submit("b");
    machine.quiesce();
    expect([engine.hung, did]).toEqual([true, ["a starts"]]);
    engine.remove((job) => job === gone);
    machine.quiesce();
    expect([engine.hung, did.at(-1)]).toEqual([false, "b is done at 10"]);
  });
});
