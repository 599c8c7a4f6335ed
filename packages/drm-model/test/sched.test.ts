import { ECANCELED, type Errno, ESRCH, type Steps } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import {
  CountedFence,
  DrmScheduler,
  type Flusher,
  Machine,
  SchedEntity,
  type SchedFence,
  SchedJob,
  startScheduler,
  stopScheduler,
} from "../src/index.ts";

/** A driver whose hardware is done when the test says so. */
class Hardware {
  readonly machine: Machine;
  readonly log: string[] = [];
  readonly fences: Map<string, CountedFence> = new Map();
  readonly schedulers: DrmScheduler[] = [];
  answer: Errno | null = null;

  constructor(timeouts = false) {
    this.machine = new Machine({ audit: true, timeouts });
  }

  scheduler(name: string, creditLimit = 8): DrmScheduler {
    const sched: DrmScheduler = new DrmScheduler(this.machine, {
      name,
      creditLimit,
      timeoutNs: 1e9,
      ops: {
        runJob: (job) => this.#run(job),
        freeJob: (job) => this.#free(job),
        timedoutJob: (job) => this.#timedout(sched, job),
      },
    });
    this.schedulers.push(sched);
    return sched;
  }

  job(name: string, entity: SchedEntity, ...after: CountedFence[]): SchedFence {
    const job = new SchedJob(name, entity);
    for (const fence of after) job.addDependency(fence.get(job));
    const fence = job.arm();
    entity.push(job, this);
    this.machine.settle();
    return fence;
  }

  done(name: string): void {
    this.fences.get(name)?.base.signal();
    this.machine.settle();
  }

  foreign(name: string): CountedFence {
    const base = this.machine.fence(this.machine.fenceContext(), 1);
    return new CountedFence(this.machine.dev, base, name, "test", () => this.log.push(`${name} released`));
  }

  *#run(job: SchedJob): Steps<CountedFence | Errno> {
    this.log.push(`run ${job.name}`);
    if (this.answer !== null) return this.answer;
    const fence = this.foreign(`fence of ${job.name}`);
    this.fences.set(job.name, fence);
    return fence;
  }

  *#free(job: SchedJob): Steps<void> {
    this.log.push(`free ${job.name}`);
    job.cleanup();
    this.fences.get(job.name)?.put("test");
    this.fences.delete(job.name);
  }

  *#timedout(sched: DrmScheduler, job: SchedJob): Steps<"noHang" | "reset"> {
    this.log.push(`${job.name} timed out`);
    yield* stopScheduler(sched, job);
    startScheduler(sched, 0);
    return "reset";
  }
}

const PROGRAM: Flusher = { process: "p", exiting: false, killed: false };

describe("a scheduler", () => {
  it("runs the jobs of an entity in order, and frees them when they are done", () => {
    const hw = new Hardware();
    const entity = new SchedEntity("queue#1", hw.scheduler("s"), hw);
    hw.job("a", entity);
    hw.job("b", entity);
    expect(hw.log).toEqual(["run a", "run b"]);
    hw.done("b");
    // Its timeline goes on from the oldest.
    expect(hw.log.slice(2)).toEqual([]);
    hw.done("a");
    expect(hw.log.slice(2)).toEqual(["free a", "fence of a released", "free b"]);
  });

  it("waits for dependencies; for one of its own jobs it is enough that it was scheduled", () => {
    const hw = new Hardware();
    const one = hw.scheduler("one");
    const first = new SchedEntity("queue#1", one, hw);
    const same = new SchedEntity("queue#2", one, hw);
    const other = new SchedEntity("queue#3", hw.scheduler("other"), hw);
    const { finished } = hw.job("a", first);
    hw.job("b", same, finished);
    hw.job("c", other, finished);
    hw.job("d", other);
    expect(hw.log).toEqual(["run a", "run b"]);
    hw.done("a");
    expect(hw.log.filter((line) => line.startsWith("run"))).toEqual(["run a", "run b", "run c", "run d"]);
  });

  it("runs as many as its credits allow", () => {
    const hw = new Hardware();
    const entity = new SchedEntity("queue#1", hw.scheduler("s", 1), hw);
    hw.job("a", entity);
    hw.job("b", entity);
    expect(hw.log).toEqual(["run a"]);
    hw.done("a");
    expect(hw.log.at(-1)).toBe("run b");
  });

  it("a job that fails is done, with the error", () => {
    const hw = new Hardware();
    hw.answer = -5;
    const { finished, scheduled } = hw.job("a", new SchedEntity("queue#1", hw.scheduler("s"), hw));
    expect([scheduled.base.signaled, finished.base.error]).toEqual([true, -5]);
    expect(hw.log).toEqual(["run a", "free a"]);
  });

  it("cancels jobs of an entity at fault", () => {
    const hw = new Hardware();
    const entity = new SchedEntity("queue#1", hw.scheduler("s"), hw, { faulty: true });
    const { finished } = hw.job("a", entity);
    finished.get("test");
    hw.done("a");
    expect(finished.base.error).toBe(-ECANCELED);
  });

  it("of each timeline a job waits for the latest fence only", () => {
    const hw = new Hardware();
    const entity = new SchedEntity("queue#1", hw.scheduler("s"), hw);
    const a = hw.job("a", entity).finished;
    const b = hw.job("b", entity).finished;
    const job = new SchedJob("c", entity);
    for (const fence of [b, a, b]) job.addDependency(fence.get(job));
    expect(job.dependencies).toEqual([b]);
    expect([job.hasDependency(b), job.hasDependency(a)]).toEqual([true, false]);
  });
});

describe("who keeps a fence keeps those behind it", () => {
  it("the last scheduled job's, until the entity goes", () => {
    const hw = new Hardware();
    const entity = new SchedEntity("queue#1", hw.scheduler("s"), hw);
    hw.job("a", entity);
    hw.done("a");
    expect(hw.log).toEqual(["run a", "free a"]);
    hw.machine.call(entity.destroy(PROGRAM));
    expect(hw.log.at(-1)).toBe("fence of a released");
    expect(hw.machine.dev.ledger?.all()).toEqual([]);
  });
});

describe("the end of an entity", () => {
  it("waits until its jobs were run, without limit", () => {
    const hw = new Hardware();
    const entity = new SchedEntity("queue#1", hw.scheduler("s"), hw);
    const gate = hw.foreign("gate");
    hw.job("a", entity, gate);
    hw.machine.timers.add(5e9, () => gate.base.signal());
    hw.machine.call(entity.destroy(PROGRAM));
    expect([hw.machine.now, hw.log]).toEqual([5e9, ["run a"]]);
  });

  it("of a process that exits waits for 1 s, then gives up what was not run", () => {
    const hw = new Hardware();
    const sched = hw.scheduler("s");
    const entity = new SchedEntity("queue#1", sched, hw);
    const gate = hw.foreign("gate");
    const running = hw.job("a", entity).finished.get("test");
    const queued = hw.job("b", entity, gate).finished.get("test");
    const behind = hw.job("c", entity).finished.get("test");
    hw.machine.call(entity.destroy({ process: "p", exiting: true, killed: false }));
    expect(hw.machine.now).toBe(1e9);
    hw.done("a");
    expect([running, queued, behind].map(({ base }) => base.signaled)).toEqual([true, false, false]);
    gate.base.signal();
    hw.machine.settle();
    expect([queued.base.error, behind.base.error]).toEqual([-ESRCH, -ESRCH]);
    expect(hw.log.filter((line) => line.startsWith("run"))).toEqual(["run a"]);
    expect(hw.log).toContain("free c");
    for (const fence of [running, queued, behind, gate]) fence.put("test");
    expect(hw.machine.dev.ledger?.all()).toEqual([]);
  });

  it("a job that was given up waits for the end of what it depends on, not only until that was scheduled", () => {
    const hw = new Hardware();
    const sched = hw.scheduler("s");
    const entity = new SchedEntity("queue#1", sched, hw);
    const first = hw.job("a", new SchedEntity("queue#2", sched, hw));
    const gate = hw.foreign("gate");
    const { finished } = hw.job("b", entity, first.scheduled, gate);
    finished.get("test");
    hw.machine.call(entity.kill());
    gate.base.signal();
    hw.machine.settle();
    expect(finished.base.signaled).toBe(false);
    hw.done("a");
    expect(finished.base.error).toBe(-ESRCH);
  });

  it("what comes after a kill is given up behind all that was there", () => {
    const hw = new Hardware();
    const entity = new SchedEntity("queue#1", hw.scheduler("s"), hw);
    hw.job("a", entity);
    hw.machine.call(entity.fini());
    const [late, later] = ["b", "c"].map((name) => hw.job(name, entity).finished.get("test"));
    expect([late?.base.signaled, later?.base.signaled]).toEqual([false, false]);
    hw.done("a");
    expect([late?.base.error, later?.base.error, entity.lastKilled]).toEqual([-ESRCH, -ESRCH, null]);
    const last = hw.job("d", entity).finished;
    expect(last.base.error).toBe(-ESRCH);
    expect(hw.log.filter((line) => /free [bcd]/.test(line))).toEqual(["free b", "free c", "free d"]);
  });
});

describe("a timeout", () => {
  it("is the driver's to deal with; stop and start go on with what runs", () => {
    const hw = new Hardware(true);
    const { finished } = hw.job("a", new SchedEntity("queue#1", hw.scheduler("s"), hw));
    finished.get("test");
    hw.machine.advanceTo(1.5e9);
    // No fence was given to the job again: it is cancelled.
    expect([hw.log.includes("a timed out"), finished.base.error]).toEqual([true, -ECANCELED]);
    expect(hw.machine.timers.size).toBe(0);
  });

  it("leaves no credits taken behind: they would be missing for good", () => {
    const hw = new Hardware();
    const sched = hw.scheduler("s");
    hw.job("a", new SchedEntity("queue#1", sched, hw));
    hw.done("a");
    sched.fini();
    expect(hw.machine.hazards).toEqual([]);
    sched.credits++;
    sched.fini();
    expect(hw.machine.hazards.map(({ detail }) => detail)).toEqual([
      "s goes, and 1 of its credits are taken",
    ]);
  });

  it("is set on a machine that asks for it only, and not for work that ends", () => {
    const hw = new Hardware();
    hw.job("a", new SchedEntity("queue#1", hw.scheduler("s"), hw));
    expect(hw.machine.timers.size).toBe(0);
    const timely = new Hardware(true);
    timely.job("a", new SchedEntity("queue#1", timely.scheduler("s"), timely));
    expect(timely.machine.timers.size).toBe(1);
    timely.done("a");
    expect(timely.machine.timers.size).toBe(0);
  });
});
