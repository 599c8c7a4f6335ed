import { type Errno, type Steps, Task } from "@gpuvm/core";
import { type Request, Thread } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { type Ask, MS, NOTHING, Rig } from "./support/rig.ts";

/** Two threads of one program, stepped by hand. */
class Race {
  readonly rig: Rig;

  constructor(variant: string) {
    this.rig = new Rig(variant);
    this.rig.create(1);
  }

  /** Begins a call; from now on every call stops at every point. */
  begin(name: string, ask: Ask, f = 0): Thread<Errno> {
    const { dev, driver } = this.rig;
    dev.stepping = true;
    const steps: Steps<Errno> = driver.ioctl(this.rig.file(f), { ...ask, t: 0, f } as Request);
    return new Thread(new Task(name), steps);
  }

  /** Runs a call up to a point, which must come. */
  until(thread: Thread<Errno>, label: string, nth = 1): void {
    const { dev } = this.rig;
    for (let seen = 0; !thread.done; ) {
      thread.step(dev);
      if (!thread.done && dev.point.label === label && ++seen === nth) return;
    }
    throw new Error(`${thread.task.name} never came to ${label}`);
  }

  /** Runs a call to its end. */
  finish(thread: Thread<Errno>): Errno {
    while (!thread.done) {
      if (!thread.ready()) throw new Error(`${thread.task.name} waits for ${thread.waitsFor}`);
      thread.step(this.rig.dev);
    }
    return thread.result as Errno;
  }

  /** All work is done, the program and the driver are gone. */
  end() {
    this.rig.dev.stepping = false;
    this.rig.machine.settle();
    this.rig.pass(50 * MS);
    return this.rig.finish();
  }
}

const SUBMIT: Ask = { op: "submit", bos: [1], writes: [0], cmds: 1 };
const CLOSE: Ask = { op: "gem_close", bo: 1 };
/** Behind the look-up, before any lock of VM or object. */
const LOOKED_UP = "submit_lookup_objects";

describe("W10: the mapping is made after the only event that tears it down", () => {
  it.each([
    ["mainline", { bos: 1, vas: 1, vms: 1, vmBos: 1 }],
    ["hard-unpin", { bos: 1, vas: 1, vms: 1, vmBos: 1 }],
    ["before", NOTHING],
    ["soft", NOTHING],
    ["soft-pure", NOTHING],
    ["hard-retire", NOTHING],
  ])("%s, submit", (variant, left) => {
    const race = new Race(variant);
    race.rig.ask({ op: "get_iova", bo: 1 });
    race.rig.ask({ op: "set_iova", bo: 1, iova: 0 });
    const submit = race.begin("submitter", SUBMIT);
    race.until(submit, LOOKED_UP);
    expect(race.finish(race.begin("closer", CLOSE))).toBe(0);
    expect(race.finish(submit)).toBe(0);
    expect(race.end()).toMatchObject(left);
    expect(race.rig.hazards).toEqual([]);
  });

  it("mainline, asking for the address", () => {
    const race = new Race("mainline");
    race.rig.create(2);
    race.rig.ask({ op: "get_iova", bo: 2 });
    const asker = race.begin("asker", { op: "get_iova", bo: 1 });
    race.until(asker, "msm_ioctl_gem_info");
    race.finish(race.begin("closer", CLOSE));
    expect(race.finish(asker)).toBe(0);
    expect(race.end()).toMatchObject({ bos: 1, vas: 1 });
  });

  it("the other order is refused: there is no handle any more", () => {
    const race = new Race("mainline");
    race.finish(race.begin("closer", CLOSE));
    expect(race.finish(race.begin("submitter", SUBMIT))).toBe(-22);
    expect(race.end()).toEqual(NOTHING);
  });
});

describe("W10b: the mapping is taken away under the queued submit", () => {
  it.each([
    // How many locks it takes: with vma_ref, first those of the display's VM and the object.
    ["mainline", 3, ["gpu-fault"]],
    ["soft", 1, ["gpu-fault"]],
    ["before", 0, []],
    ["soft-pure", 0, []],
  ])("%s", (variant, nth, hazards) => {
    const race = new Race(variant);
    race.rig.create(2);
    race.rig.ask({ op: "get_iova", bo: 2 });
    const submit = race.begin("submitter", SUBMIT);
    race.until(submit, LOOKED_UP);
    const close = race.begin("closer", CLOSE);
    // The wait has found nothing; the locks are still to be taken.
    if (nth > 0) race.until(close, "drm_exec_lock_obj", nth);
    expect(race.finish(submit)).toBe(0);
    race.finish(close);
    expect(race.end()).toEqual(NOTHING);
    expect(race.rig.hazards).toEqual(hazards);
  });
});

describe("W9: an object without references is found from its VM", () => {
  it("soft: until the free has the VM's lock, the weak link leads to the dead object", () => {
    const race = new Race("soft-pure");
    const { rig } = race;
    rig.submit([1]);
    rig.pass(20 * MS);
    const vm = rig.driver.vmOf(rig.file());
    const bo = rig.bo(1);
    race.finish(race.begin("closer", CLOSE));
    // The kernel waits for the VM's lock inside of the put; the model's worker has not run yet.
    expect([bo.refs, bo.gpuva.length, vm?.extobj.list.first()?.obj]).toEqual([0, 1, bo]);
    expect(race.end()).toEqual(NOTHING);
    expect(bo.gpuva.length).toBe(0);
  });

  it("hard: never", () => {
    const race = new Race("mainline");
    race.rig.submit([1]);
    race.rig.pass(20 * MS);
    const vm = race.rig.driver.vmOf(race.rig.file());
    race.finish(race.begin("closer", CLOSE));
    expect(vm?.extobj.list.length).toBe(0);
    expect(race.end()).toEqual(NOTHING);
  });
});
