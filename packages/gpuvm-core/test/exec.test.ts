import { describe, expect, it } from "vitest";
import {
  DmaFence,
  type DmaFenceCb,
  DmaResv,
  DRM_EXEC_IGNORE_DUPLICATES,
  DRM_GPUVM_RESV_PROTECTED,
  DrmDevice,
  DrmExec,
  DrmGemObject,
  type DrmGpuvm,
  type DrmGpuvmBo,
  type Errno,
  finish,
  GpuvmExec,
  gpuvmBoEvict,
  gpuvmBoExtobjAdd,
  gpuvmBoObtain,
  gpuvmPrepareRange,
  gpuvmSmMapExecLock,
  gpuvmSmUnmapExecLock,
  type Lock,
  type Steps,
  Task,
  USAGE_BOOKKEEP,
  USAGE_KERNEL,
  USAGE_READ,
  USAGE_WRITE,
} from "../src/index.ts";
import { insert, newVm } from "./support/driver.ts";

function objects(dev: DrmDevice, names: string, resv?: DmaResv): DrmGemObject[] {
  return names.split("").map((name) => new DrmGemObject(dev, { name, ...(resv ? { resv } : {}) }));
}

/** Locks in an order, as a driver's loop does. */
function* lockAll(exec: DrmExec, order: readonly DrmGemObject[]): Steps<Errno> {
  let ret: Errno = 0;
  while (exec.untilAllLocked()) {
    for (const obj of order) {
      ret = yield* exec.prepareObj(obj, 1);
      if (ret !== 0) break;
    }
    if (exec.contended === null && ret !== 0) break;
  }
  return ret;
}

const names = (exec: DrmExec) => exec.objects.map((o) => o.name).join("");

describe("drm_exec alone", () => {
  it("locks, holds, and lets go in reverse order", () => {
    const dev = new DrmDevice();
    const [a, b] = objects(dev, "ab") as [DrmGemObject, DrmGemObject];
    const exec = new DrmExec(dev);
    expect(finish(lockAll(exec, [a, b]))).toBe(0);
    expect([names(exec), a.refs, b.refs, a.resv.owner, exec.rounds]).toEqual(["ab", 2, 2, dev.current, 1]);
    const released: string[] = [];
    for (const obj of [a, b]) {
      obj.resv.release = (task) => {
        released.push(obj.name);
        DmaResv.prototype.release.call(obj.resv, task);
      };
    }
    exec.fini();
    exec.fini();
    expect([released.join(""), a.refs, b.refs, a.resv.owner, b.resv.owner, a.resv.ticket]).toEqual([
      "ba",
      1,
      1,
      null,
      null,
      null,
    ]);
  });

  it("-EALREADY for a second object of a locked resv, unless duplicates are ignored: then it is not recorded", () => {
    const dev = new DrmDevice();
    const resv = new DmaResv("shared", null);
    const [a, b] = objects(dev, "ab", resv) as [DrmGemObject, DrmGemObject];
    const strict = new DrmExec(dev);
    expect(finish(lockAll(strict, [a, b]))).toBe(-114);
    expect([names(strict), b.refs]).toEqual(["a", 1]);
    strict.fini();
    const lenient = new DrmExec(dev, DRM_EXEC_IGNORE_DUPLICATES);
    expect(finish(lockAll(lenient, [a, b, a]))).toBe(0);
    expect([names(lenient), b.refs]).toEqual(["a", 1]);
    lenient.fini();
    expect([a.refs, resv.owner]).toEqual([1, null]);
  });

  it("prepare of 0 slots is -EINVAL, a WARN, and unlocks again", () => {
    const dev = new DrmDevice();
    const [a] = objects(dev, "a") as [DrmGemObject];
    const exec = new DrmExec(dev);
    exec.untilAllLocked();
    expect(finish(exec.prepareObj(a, 0))).toBe(-22);
    expect([a.resv.owner, a.refs, exec.objects.length, dev.warnings]).toEqual([null, 1, 0, 1]);
  });

  it("unlock_obj lets one go, and ignores what is not there", () => {
    const dev = new DrmDevice();
    const [a, b] = objects(dev, "ab") as [DrmGemObject, DrmGemObject];
    const exec = new DrmExec(dev);
    finish(lockAll(exec, [a, b]));
    exec.unlockObj(a);
    exec.unlockObj(a);
    expect([names(exec), a.refs, a.resv.owner, b.resv.owner]).toEqual(["b", 1, null, dev.current]);
  });

  it("adds a fence to each object, and needs slots for it", () => {
    const dev = new DrmDevice();
    const objs = objects(dev, "ab");
    const exec = new DrmExec(dev);
    finish(lockAll(exec, objs));
    const fence = new DmaFence(1, 1);
    exec.addFence(fence, USAGE_WRITE);
    expect(objs.map((o) => o.resv.busy(USAGE_WRITE))).toEqual([fence, fence]);
    expect(() => exec.addFence(new DmaFence(2, 1), USAGE_WRITE)).toThrow(
      expect.objectContaining({ code: "NO_FENCE_SLOT" }),
    );
  });
});

describe("drm_exec against another", () => {
  interface Race {
    readonly dev: DrmDevice;
    readonly a: DrmGemObject;
    readonly b: DrmGemObject;
    readonly older: DrmExec;
    readonly younger: DrmExec;
    readonly tasks: readonly [Task, Task];
  }

  function race(): Race {
    const dev = new DrmDevice();
    const [a, b] = objects(dev, "ab") as [DrmGemObject, DrmGemObject];
    return {
      dev,
      a,
      b,
      older: new DrmExec(dev),
      younger: new DrmExec(dev),
      tasks: [new Task("older"), new Task("younger")],
    };
  }

  const as = <T>(r: Race, i: 0 | 1, fn: () => T): T => {
    r.dev.current = r.tasks[i];
    return fn();
  };

  it("the younger backs off, sleeps on what it lost, and starts over with that locked first", () => {
    const r = race();
    const { a, b, older, younger } = r;
    as(r, 0, () => {
      older.untilAllLocked();
      finish(older.lockObj(a));
    });
    const run = lockAll(younger, [b, a]);
    // It locks b, loses a, lets go of b, and waits for a.
    const stopped = as(r, 1, () => run.next());
    expect(stopped.done).toBe(false);
    expect([r.dev.point.kind, r.dev.point.lock, r.dev.point.label]).toEqual([
      "lock",
      a.resv,
      "drm_exec_lock_contended",
    ]);
    expect([younger.rounds, younger.contended, names(younger), b.resv.owner, a.refs]).toEqual([
      2,
      a,
      "",
      null,
      3,
    ]);
    expect(r.tasks[1].waits).toBe(1);
    as(r, 0, () => older.fini());
    expect(as(r, 1, () => finish(run))).toBe(0);
    expect([names(younger), younger.contended, younger.rounds, a.refs, b.refs]).toEqual([
      "ba",
      null,
      2,
      2,
      2,
    ]);
    expect([a.resv.owner, b.resv.owner]).toEqual([r.tasks[1], r.tasks[1]]);
    as(r, 1, () => younger.fini());
    expect([a.refs, b.refs, a.resv.owner, b.resv.owner]).toEqual([1, 1, null, null]);
  });

  it("three tasks, one behind the other in a ring, all come to their end in whatever order they go on", () => {
    /** Who goes on next, of those who can; answers whether everybody came to the end. */
    const run = (choices: readonly number[]): { ended: boolean; options: number } => {
      const dev = new DrmDevice();
      dev.stepping = true;
      const [a, b, c] = objects(dev, "abc") as [DrmGemObject, DrmGemObject, DrmGemObject];
      const orders = [
        [a, b],
        [b, c],
        [c, a],
      ];
      const tasks = orders.map((order, i) => {
        const exec = new DrmExec(dev);
        const steps = (function* (): Steps<void> {
          yield* lockAll(exec, order);
          exec.fini();
        })();
        const stop: { lock: Lock | null; until: (() => boolean) | null } = { lock: null, until: null };
        return { task: new Task(`T${i}`), steps, stop, done: false };
      });
      const ready = () =>
        tasks.filter(
          ({ done, stop }) =>
            !done && (stop.lock === null || stop.lock.owner === null) && (stop.until?.() ?? true),
        );
      let able = ready();
      for (let n = 0; able.length > 0; n++, able = ready()) {
        const choice = choices[n];
        if (choice === undefined) return { ended: false, options: able.length };
        const next = able[choice] as (typeof tasks)[number];
        dev.current = next.task;
        const { done, value } = next.steps.next();
        next.done = done === true;
        if (!done) next.stop = { lock: value.lock, until: value.until };
      }
      expect([a, b, c].map(({ resv, refs }) => [resv.owner, refs])).toEqual(Array(3).fill([null, 1]));
      return { ended: tasks.every(({ done }) => done), options: 0 };
    };
    const stuck: (readonly number[])[] = [];
    let ends = 0;
    const all = (choices: readonly number[]): void => {
      const { ended, options } = run(choices);
      if (ended) ends++;
      else if (options === 0) stuck.push(choices);
      // All orders of the first steps; from there on, whoever comes first, and whoever comes last.
      const ways = choices.length < 9 ? Array.from({ length: options }, (_, i) => i) : [0, options - 1];
      if (options > 0)
        for (const way of new Set(ways)) if (choices.length < 14 || way === 0) all([...choices, way]);
    };
    all([]);
    expect(stuck).toEqual([]);
    expect(ends).toBeGreaterThan(1000);
  });

  it("the older waits", () => {
    const r = race();
    const { a, b, older, younger } = r;
    as(r, 1, () => {
      younger.untilAllLocked();
      finish(younger.lockObj(b));
    });
    const run = lockAll(older, [a, b]);
    as(r, 0, () => run.next());
    expect([older.rounds, names(older), r.dev.point.kind, r.dev.point.until?.()]).toEqual([
      1,
      "a",
      "wait",
      false,
    ]);
    as(r, 1, () => younger.fini());
    expect(as(r, 0, () => finish(run))).toBe(0);
    expect([names(older), older.rounds]).toEqual(["ab", 1]);
  });

  it("who holds nothing waits, even for the older", () => {
    const r = race();
    const { a, older, younger } = r;
    as(r, 0, () => {
      older.untilAllLocked();
      finish(older.lockObj(a));
    });
    const run = lockAll(younger, [a]);
    as(r, 1, () => run.next());
    expect([younger.rounds, younger.contended, r.tasks[1].waits]).toEqual([1, null, 1]);
    as(r, 0, () => older.fini());
    expect(as(r, 1, () => finish(run))).toBe(0);
    expect([younger.rounds, names(younger)]).toEqual([1, "a"]);
  });

  it("the lock may pass to an older one during the wait: then the younger must not wait on", () => {
    const dev = new DrmDevice();
    const [a, b] = objects(dev, "ab") as [DrmGemObject, DrmGemObject];
    const [oldest, middle, youngest] = [new DrmExec(dev), new DrmExec(dev), new DrmExec(dev)];
    const [first, second, third] = [new Task("oldest"), new Task("middle"), new Task("youngest")];
    dev.current = third;
    youngest.untilAllLocked();
    finish(youngest.lockObj(a));
    dev.current = second;
    middle.untilAllLocked();
    finish(middle.lockObj(b));
    const run = middle.lockObj(a);
    run.next();
    const { until } = dev.point;
    expect(until?.()).toBe(false);
    dev.current = third;
    youngest.fini();
    expect(until?.()).toBe(true);
    dev.current = first;
    oldest.untilAllLocked();
    finish(oldest.lockObj(a));
    expect(until?.()).toBe(true);
    dev.current = second;
    expect(run.next()).toEqual({ done: true, value: -35 });
    expect(middle.contended).toBe(a);
  });

  it("both in opposite orders come through, whoever goes first at each step", () => {
    const orders = new Set<string>();
    let contended = 0;
    for (let schedule = 0; schedule < 256; schedule++) {
      const r = race();
      r.dev.stepping = true;
      const runs = [lockAll(r.older, [r.a, r.b]), lockAll(r.younger, [r.b, r.a])] as const;
      const execs = [r.older, r.younger] as const;
      const done = [false, false];
      const log: number[] = [];
      const ready: (() => boolean)[] = [() => true, () => true];
      for (let step = 0; !(done[0] && done[1]); step++) {
        expect(step).toBeLessThan(100);
        let i = ((schedule >> (step % 8)) & 1) as 0 | 1;
        if (done[i] || !ready[i]?.()) i = (1 - i) as 0 | 1;
        if (done[i] || !ready[i]?.()) throw new Error("deadlock");
        const result = as(r, i, () => runs[i].next());
        const { lock, until } = r.dev.point;
        ready[i] = () => lock === null || lock.owner === null;
        if (until !== null) ready[i] = until;
        if (result.done) {
          expect(result.value).toBe(0);
          log.push(i);
          done[i] = true;
          if (execs[i].rounds > 1) contended++;
          as(r, i, () => execs[i].fini());
        }
      }
      orders.add(log.join(""));
      expect([r.a.refs, r.b.refs, r.a.resv.owner, r.b.resv.owner]).toEqual([1, 1, null, null]);
    }
    expect([...orders].sort()).toEqual(["01", "10"]);
    expect(contended).toBeGreaterThan(0);
  });

  it("what was locked for the new round, but not asked for in it, is let go", () => {
    const r = race();
    const { a, b, older, younger } = r;
    as(r, 0, () => {
      older.untilAllLocked();
      finish(older.lockObj(a));
    });
    as(r, 1, () => {
      younger.untilAllLocked();
      finish(younger.lockObj(b));
      expect(finish(younger.lockObj(a))).toBe(-35);
    });
    expect([younger.contended, a.refs]).toEqual([a, 3]);
    as(r, 0, () => older.fini());
    as(r, 1, () => {
      expect(younger.untilAllLocked()).toBe(true);
      expect(finish(younger.lockObj(b))).toBe(0);
      expect([names(younger), a.resv.owner, a.refs]).toEqual(["b", r.tasks[1], 2]);
      expect(younger.untilAllLocked()).toBe(false);
      expect([names(younger), a.resv.owner, a.refs, b.resv.owner]).toEqual(["b", null, 1, r.tasks[1]]);
      younger.fini();
    });
    expect([a.refs, b.refs]).toEqual([1, 1]);
  });

  it("a leftover is let go by fini, and by a new contention, too", () => {
    for (const how of ["fini", "contention"] as const) {
      const r = race();
      const { a, b, older, younger } = r;
      as(r, 0, () => {
        older.untilAllLocked();
        finish(older.lockObj(a));
      });
      as(r, 1, () => {
        younger.untilAllLocked();
        finish(younger.lockObj(b));
        finish(younger.lockObj(a));
      });
      as(r, 0, () => {
        older.fini();
      });
      as(r, 1, () => {
        younger.untilAllLocked();
        if (how === "contention") younger.injectContention = () => true;
        expect(finish(younger.lockObj(b))).toBe(how === "fini" ? 0 : -35);
        if (how === "contention") younger.untilAllLocked();
        younger.fini();
      });
      expect([a.refs, b.refs, a.resv.owner, b.resv.owner, younger.contended]).toEqual([
        1,
        1,
        null,
        null,
        null,
      ]);
    }
  });

  it("prepare_array of nothing still resolves a contention", () => {
    const r = race();
    as(r, 0, () => {
      r.older.untilAllLocked();
      finish(r.older.lockObj(r.a));
    });
    as(r, 1, () => {
      r.younger.untilAllLocked();
      finish(r.younger.lockObj(r.b));
      finish(r.younger.lockObj(r.a));
    });
    as(r, 0, () => r.older.fini());
    as(r, 1, () => {
      r.younger.untilAllLocked();
      expect(finish(r.younger.prepareArray([], 1))).toBe(0);
      expect([r.younger.contended, r.a.resv.owner]).toEqual([null, r.tasks[1]]);
      expect(r.younger.untilAllLocked()).toBe(false);
      expect([r.a.resv.owner, r.a.refs]).toEqual([null, 1]);
    });
  });

  it("prepare_array stops at the first error", () => {
    const dev = new DrmDevice();
    const [a, b] = objects(dev, "ab") as [DrmGemObject, DrmGemObject];
    const exec = new DrmExec(dev);
    exec.untilAllLocked();
    expect(finish(exec.prepareArray([a, a, b], 1))).toBe(-114);
    expect(names(exec)).toBe("a");
  });

  it("a lock that nobody will ever let go is a deadlock, not a hang", () => {
    const r = race();
    as(r, 0, () => r.a.resv.acquire(r.tasks[0]));
    r.dev.current = r.tasks[1];
    expect(() => finish(lockAll(r.younger, [r.a]))).toThrow(expect.objectContaining({ code: "DEADLOCK" }));
    r.dev.current = r.tasks[0];
    expect(() => finish(lockAll(r.older, [r.a]))).toThrow(/holds it already/);
  });
});

describe("a submit", () => {
  function world(flags: number): { vm: DrmGpuvm; ext: DrmGpuvmBo[]; own: DrmGemObject } {
    const vm = newVm({ flags });
    const ext = objects(vm.dev, "abc").map((obj) => gpuvmBoObtain(vm, obj, "t") as DrmGpuvmBo);
    for (const vmBo of ext) gpuvmBoExtobjAdd(vmBo);
    return { vm, ext, own: new DrmGemObject(vm.dev, { name: "own", resv: vm.resv }) };
  }

  it.each([0, DRM_GPUVM_RESV_PROTECTED])(
    "locks the VM, its external objects, and what the driver adds (flags %i)",
    (flags) => {
      const { vm, own } = world(flags);
      const [extra] = objects(vm.dev, "x") as [DrmGemObject];
      const submit = new GpuvmExec(vm, DRM_EXEC_IGNORE_DUPLICATES, 1);
      submit.extra = (exec) => exec.prepareArray([own, extra], 1);
      expect(finish(submit.lock())).toBe(0);
      expect(
        submit.exec?.objects
          .map((o) => o.name)
          .slice(1)
          .join(""),
      ).toBe("abcx");
      expect(submit.exec?.objects[0]).toBe(vm.rObj);
      const fence = new DmaFence(1, 1);
      submit.addFence(fence, USAGE_BOOKKEEP, USAGE_WRITE);
      expect(vm.resv.pending()).toEqual([{ fence, usage: USAGE_BOOKKEEP }]);
      expect(extra.resv.pending()).toEqual([{ fence, usage: USAGE_WRITE }]);
      submit.unlock();
      expect([submit.exec, vm.resv.owner, vm.rObj.refs, extra.refs]).toEqual([null, null, 1, 1]);
    },
  );

  it("lock_array overwrites extra", () => {
    const { vm, own } = world(0);
    const submit = new GpuvmExec(vm, DRM_EXEC_IGNORE_DUPLICATES, 1);
    const [x] = objects(vm.dev, "x") as [DrmGemObject];
    expect(finish(submit.lockArray([own, x]))).toBe(0);
    expect(submit.exec?.objects.at(-1)).toBe(x);
  });

  it("0 fences: locks only, and a fence has no slot", () => {
    const { vm } = world(0);
    const submit = new GpuvmExec(vm, 0, 0);
    expect(finish(submit.lock())).toBe(0);
    expect(vm.dev.warnings).toBe(0);
    expect(() => submit.addFence(new DmaFence(1, 1), USAGE_READ, USAGE_READ)).toThrow(
      expect.objectContaining({ code: "NO_FENCE_SLOT" }),
    );
  });

  it.each([
    ["the VM", 0],
    ["the second external object", 2],
    ["what the driver adds", 4],
  ])("starts over when %s is contended", (_, at) => {
    for (const flags of [0, DRM_GPUVM_RESV_PROTECTED]) {
      const { vm, ext } = world(flags);
      const [extra] = objects(vm.dev, "x") as [DrmGemObject];
      const order = [vm.rObj, ...ext.map((b) => b.obj), extra];
      const submit = new GpuvmExec(vm, 0, 1);
      let rounds = 0;
      submit.extra = (exec) => exec.prepareArray([extra], 1);
      const run = submit.lock();
      const exec = () => submit.exec as DrmExec;
      // Inject as soon as the drm_exec exists: the first call to the resv of the chosen object fails once.
      const chosen = order[at] as DrmGemObject;
      const lockObj = Reflect.get(DrmExec.prototype, "lockObj") as DrmExec["lockObj"];
      DrmExec.prototype.lockObj = function (this: DrmExec, obj) {
        this.injectContention = (o) => o === chosen && rounds++ === 0;
        return lockObj.call(this, obj);
      };
      try {
        expect(finish(run)).toBe(0);
      } finally {
        DrmExec.prototype.lockObj = lockObj;
      }
      expect([exec().rounds, exec().objects.length]).toEqual([2, 5]);
      submit.unlock();
      expect(order.map((o) => o.resv.owner)).toEqual(order.map(() => null));
      expect(vm.extobj.list.toArray()).toEqual(ext);
      expect(ext.map((b) => b.refs)).toEqual([1, 1, 1]);
    }
  });

  it("on an error everything is unlocked", () => {
    const { vm, ext } = world(0);
    for (const [where, extra] of [
      ["extra", [ext[1]?.obj]],
      ["extra", [vm.rObj]],
    ] as const) {
      const submit = new GpuvmExec(vm, 0, 1);
      submit.extra = (exec) => exec.prepareArray(extra as readonly DrmGemObject[], 1);
      expect([where, finish(submit.lock())]).toEqual([where, -114]);
      expect([submit.exec, vm.resv.owner, ...ext.map((b) => b.obj.resv.owner)]).toEqual([
        null,
        null,
        null,
        null,
        null,
      ]);
    }
    const shared = new DrmGemObject(vm.dev, { resv: (ext[0] as DrmGpuvmBo).obj.resv });
    gpuvmBoExtobjAdd(gpuvmBoObtain(vm, shared, "t") as DrmGpuvmBo);
    const submit = new GpuvmExec(vm, 0, 1);
    submit.extra = () => {
      throw new Error("not reached");
    };
    expect(finish(submit.lock())).toBe(-114);
    expect(vm.resv.owner).toBeNull();
  });

  it("validate passes the callback's answer on", () => {
    const vm = newVm({ ops: { vmFree() {}, vmBoValidate: (_, exec) => -exec.objects.length } });
    const vmBo = gpuvmBoObtain(vm, new DrmGemObject(vm.dev), "t") as DrmGpuvmBo;
    gpuvmBoEvict(vmBo, true);
    const submit = new GpuvmExec(vm, 0, 1);
    finish(submit.lock());
    expect(finish(submit.validate())).toBe(-1);
  });
});

describe("locking a range", () => {
  it("locks the object of each mapping in it, ascending, each once; not the VM, nor what has no object", () => {
    const vm = newVm({ reserveOffset: 100, reserveRange: 10 });
    const [a, b, c] = objects(vm.dev, "abc") as [DrmGemObject, DrmGemObject, DrmGemObject];
    for (const [addr, obj] of [
      [0, c],
      [10, b],
      [20, null],
      [30, b],
      [40, a],
      [50, c],
    ] as const) {
      insert(vm, addr, 10, obj);
    }
    const submit = new GpuvmExec(vm, DRM_EXEC_IGNORE_DUPLICATES, 1);
    expect(finish(submit.lockRange(10, 35))).toBe(0);
    expect(names(submit.exec as DrmExec)).toBe("ba");
    expect(vm.resv.owner).toBeNull();
    submit.unlock();
    expect(finish(submit.lockRange(0, 200))).toBe(0);
    expect(names(submit.exec as DrmExec)).toBe("cba");
    submit.unlock();
    const strict = new GpuvmExec(vm, 0, 1);
    expect(finish(strict.lockRange(10, 35))).toBe(-114);
    expect([strict.exec, b.resv.owner]).toEqual([null, null]);
    const exec = new DrmExec(vm.dev);
    exec.untilAllLocked();
    expect(finish(gpuvmPrepareRange(vm, exec, 40, 10, 0))).toBe(0);
    expect(names(exec)).toBe("a");
  });

  it("starts over on contention", () => {
    const vm = newVm();
    const [a, b] = objects(vm.dev, "ab") as [DrmGemObject, DrmGemObject];
    insert(vm, 0, 5, b);
    insert(vm, 5, 5, a);
    const other = new Task("other");
    const holder = new DrmExec(vm.dev);
    const main = vm.dev.current;
    vm.dev.current = other;
    finish(lockAll(holder, [a]));
    vm.dev.current = main;
    const submit = new GpuvmExec(vm, 0, 1);
    const run = submit.lockRange(0, 10);
    run.next();
    expect(submit.exec?.rounds).toBe(2);
    vm.dev.current = other;
    holder.fini();
    vm.dev.current = main;
    expect(finish(run)).toBe(0);
    expect(names(submit.exec as DrmExec)).toBe("ba");
  });

  it("sm_map_exec_lock: the request's object first, even if the range is bad; then what is cut; no change", () => {
    const vm = newVm({ start: 0, range: 100 });
    const [a, b, c] = objects(vm.dev, "abc") as [DrmGemObject, DrmGemObject, DrmGemObject];
    insert(vm, 0, 10, a);
    insert(vm, 10, 10);
    insert(vm, 20, 10, b);
    const exec = () => {
      const e = new DrmExec(vm.dev, DRM_EXEC_IGNORE_DUPLICATES);
      e.untilAllLocked();
      return e;
    };
    let e = exec();
    expect(finish(gpuvmSmMapExecLock(vm, e, 1, { addr: 5, range: 20, obj: c, offset: 0 }))).toBe(0);
    expect(names(e)).toBe("cab");
    e.fini();
    e = exec();
    expect(finish(gpuvmSmMapExecLock(vm, e, 1, { addr: 90, range: 20, obj: c, offset: 0 }))).toBe(-22);
    expect(names(e)).toBe("c");
    e.fini();
    e = exec();
    expect(finish(gpuvmSmMapExecLock(vm, e, 0, { addr: 5, range: 20, obj: c, offset: 0 }))).toBe(-22);
    expect(names(e)).toBe("");
    e.fini();
    e = exec();
    expect(finish(gpuvmSmUnmapExecLock(vm, e, 15, 10))).toBe(0);
    expect(names(e)).toBe("b");
    e.fini();
    e = exec();
    expect(finish(gpuvmSmUnmapExecLock(vm, e, 95, 10))).toBe(-22);
    const strict = new DrmExec(vm.dev);
    strict.untilAllLocked();
    expect(finish(gpuvmSmMapExecLock(vm, strict, 1, { addr: 5, range: 5, obj: a, offset: 0 }))).toBe(-114);
    expect([vm.mappings, vm.exact]).toEqual([3, null]);
  });
});

describe("dma_resv", () => {
  const resv = (slots: number) => {
    const r = new DmaResv("r", null);
    r.reserve(slots);
    return r;
  };
  const seen = (r: DmaResv) =>
    r.pending().map(({ fence, usage }) => `${fence.context}:${fence.seqno}/${usage}`);

  it.each<[string, [context: number, seqno: number, usage: number][], string[]]>([
    [
      "of other contexts: kept",
      [
        [1, 1, USAGE_READ],
        [2, 1, USAGE_READ],
      ],
      ["1:1/2", "2:1/2"],
    ],
    [
      "later, same usage: takes its place",
      [
        [1, 1, USAGE_READ],
        [1, 2, USAGE_READ],
      ],
      ["1:2/2"],
    ],
    [
      "the same number: takes its place",
      [
        [1, 1, USAGE_READ],
        [1, 1, USAGE_READ],
      ],
      ["1:1/2"],
    ],
    [
      "later, stronger usage: takes its place",
      [
        [1, 1, USAGE_READ],
        [1, 2, USAGE_WRITE],
      ],
      ["1:2/1"],
    ],
    [
      "later, weaker usage: both are needed",
      [
        [1, 1, USAGE_WRITE],
        [1, 2, USAGE_READ],
      ],
      ["1:1/1", "1:2/2"],
    ],
    [
      "earlier: both",
      [
        [1, 2, USAGE_READ],
        [1, 1, USAGE_READ],
      ],
      ["1:2/2", "1:1/2"],
    ],
  ])("%s", (_, fences, expected) => {
    const r = resv(3);
    for (const [context, seqno, usage] of fences) r.addFence(new DmaFence(context, seqno), usage);
    expect(seen(r)).toEqual(expected);
  });

  it("a signalled fence gives up its slot, whatever it is", () => {
    const r = resv(1);
    const first = new DmaFence(1, 1);
    r.addFence(first, USAGE_KERNEL);
    expect(() => r.addFence(new DmaFence(2, 1), USAGE_BOOKKEEP)).toThrow(
      expect.objectContaining({ code: "NO_FENCE_SLOT" }),
    );
    first.signal();
    r.addFence(new DmaFence(2, 1), USAGE_BOOKKEEP);
    expect(seen(r)).toEqual(["2:1/3"]);
  });

  it("a look for a usage sees that and the stronger ones", () => {
    const r = resv(4);
    const fences = [USAGE_BOOKKEEP, USAGE_READ, USAGE_WRITE, USAGE_KERNEL].map((usage) => {
      const fence = new DmaFence(10 + usage, 1);
      r.addFence(fence, usage);
      return fence;
    });
    expect([USAGE_KERNEL, USAGE_WRITE, USAGE_READ].map((usage) => r.busy(usage))).toEqual([
      fences[3],
      fences[2],
      fences[1],
    ]);
    for (const usage of [USAGE_BOOKKEEP, USAGE_READ, USAGE_WRITE, USAGE_KERNEL]) {
      const fence = fences[3 - usage] as DmaFence;
      expect(r.busy(usage)).toBe(fence);
      fence.signal();
    }
    expect(r.busy(USAGE_BOOKKEEP)).toBeNull();
  });

  it("slots: not additive, none for 0, and gone with the lock", () => {
    const task = new Task("t");
    const r = new DmaResv("r", null);
    expect(r.reserve(0)).toBe(-22);
    r.acquire(task);
    expect([r.reserve(1), r.reserve(1)]).toEqual([0, 0]);
    r.addFence(new DmaFence(1, 1), USAGE_READ);
    expect(() => r.addFence(new DmaFence(2, 1), USAGE_READ)).toThrow(/without a reserved slot/);
    r.reserve(2);
    r.reserve(1);
    r.addFence(new DmaFence(2, 1), USAGE_READ);
    r.release(task);
    r.acquire(task);
    expect(() => r.addFence(new DmaFence(3, 1), USAGE_READ)).toThrow(/without a reserved slot/);
  });

  it("fences signal once, and run callbacks in order", () => {
    const log: string[] = [];
    const fence = new DmaFence(1, 7);
    fence.onSignal(() => log.push("a"));
    fence.onSignal(() => log.push("b"));
    fence.signal(-5);
    fence.signal(-6);
    fence.onSignal(() => log.push("c"));
    expect([log.join(""), fence.error, fence.name]).toEqual(["abc", -5, "fence 1:7"]);
  });

  it("what waits for a fence is told of it, unless it was taken back", () => {
    const told: string[] = [];
    const waiter = (name: string): DmaFenceCb => ({
      fenceSignaled: (of) => told.push(`${name} of ${of.seqno}`),
    });
    const [a, b, c, d] = [waiter("a"), waiter("b"), waiter("c"), waiter("d")] as const;
    const fence = new DmaFence(1, 7);
    for (const one of [a, b, c, d]) fence.onSignal(one);
    expect([fence.removeCallback(a), fence.removeCallback(c), fence.removeCallback(c)]).toEqual([
      true,
      true,
      false,
    ]);
    fence.signal();
    expect([fence.removeCallback(b), fence.removeCallback(d)]).toEqual([false, false]);
    expect(told).toEqual(["b of 7", "d of 7"]);
  });
});
