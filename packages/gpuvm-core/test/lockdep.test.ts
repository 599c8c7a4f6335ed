import { describe, expect, it } from "vitest";
import {
  DmaFence,
  DmaResv,
  DRM_GPUVM_IMMEDIATE_MODE,
  DRM_GPUVM_RESV_PROTECTED,
  DrmDevice,
  DrmExec,
  DrmGemObject,
  type DrmGpuvm,
  type DrmGpuvmBo,
  finish,
  type Gpuva,
  gpuvaAlloc,
  gpuvaInit,
  gpuvaInsert,
  gpuvaLink,
  gpuvaUnlink,
  gpuvaUnlinkDefer,
  gpuvmBoCreate,
  gpuvmBoDeferredCleanup,
  gpuvmBoEvict,
  gpuvmBoExtobjAdd,
  gpuvmBoFind,
  gpuvmBoGemEvict,
  gpuvmBoObtain,
  gpuvmBoObtainPrealloc,
  gpuvmBoPut,
  gpuvmBoPutDeferred,
  gpuvmBoUnmapOpsCreate,
  gpuvmPrepareObjects,
  gpuvmResvAddFence,
  gpuvmValidate,
  Lock,
  Lockdep,
  RESV_CLASS,
  Task,
  USAGE_READ,
} from "../src/index.ts";
import { newVm } from "./support/driver.ts";

const PROTECTED = DRM_GPUVM_RESV_PROTECTED;
const IMMEDIATE = DRM_GPUVM_IMMEDIATE_MODE;

interface World {
  readonly dev: DrmDevice;
  readonly vm: DrmGpuvm;
  readonly obj: DrmGemObject;
  readonly vmBo: DrmGpuvmBo;
  /** A VA that is inserted; linked, if the call is to unlink it. */
  readonly va: Gpuva;
}

/** A VM with one object; the vm_bo has two references, its creator's and, if linked, the VA's. */
function world(flags: number, linked: boolean, validate = true): World {
  const dev = new DrmDevice({ lockdep: new Lockdep() });
  const vm = newVm({ flags, ops: { vmFree() {}, ...(validate ? { vmBoValidate: () => 0 } : {}) } }, dev);
  const obj = new DrmGemObject(dev, { name: "bo" });
  const vmBo = gpuvmBoCreate(vm, obj, "t") as DrmGpuvmBo;
  obj.gpuva.push(vmBo.onGem);
  const va = gpuvaAlloc(vm);
  gpuvaInit(vm, va, 0, 16, obj, 0);
  gpuvaInsert(vm, va);
  if (linked) {
    withLocks(dev, [listLock(vm, obj)], () => {
      gpuvaLink(vm, va, vmBo);
      gpuvmBoPut(vmBo, "t");
    });
  }
  return { dev, vm, obj, vmBo, va };
}

function listLock(vm: DrmGpuvm, obj: DrmGemObject): Lock {
  return vm.immediateMode ? obj.gpuvaLock : obj.resv;
}

function withLocks(dev: DrmDevice, locks: readonly Lock[], fn: () => void): void {
  for (const lock of locks) lock.acquire(dev.current);
  fn();
  for (const lock of locks) lock.release(dev.current);
}

type Wants = "list" | "vm" | "obj";

/** Every call that asserts locks: how it is made, and which locks it wants in which kinds of VM. */
const RULES: readonly {
  readonly call: string;
  readonly linked?: boolean;
  readonly run: (w: World) => unknown;
  readonly wants: (flags: number) => readonly Wants[];
}[] = [
  { call: "bo_find", run: (w) => gpuvmBoFind(w.vm, w.obj, "t"), wants: () => ["list"] },
  { call: "bo_obtain", run: (w) => gpuvmBoObtain(w.vm, w.obj, "t"), wants: () => ["list"] },
  {
    call: "bo_put, the last",
    run: (w) => {
      w.obj.get("keep");
      gpuvmBoPut(w.vmBo, "t");
    },
    wants: (flags) => (flags & PROTECTED ? ["vm", "list"] : ["list"]),
  },
  { call: "link", run: (w) => gpuvaLink(w.vm, w.va, w.vmBo), wants: () => ["list"] },
  {
    call: "unlink, the last",
    linked: true,
    run: (w) => {
      w.obj.get("keep");
      gpuvaUnlink(w.vm, w.va);
    },
    wants: (flags) => (flags & PROTECTED ? ["vm", "list"] : ["list"]),
  },
  {
    call: "unlink, not the last",
    linked: true,
    run: (w) => {
      w.vmBo.refs++;
      gpuvaUnlink(w.vm, w.va);
    },
    wants: () => ["list"],
  },
  {
    call: "extobj_add",
    run: (w) => gpuvmBoExtobjAdd(w.vmBo),
    wants: (flags) => (flags & PROTECTED ? ["vm"] : []),
  },
  { call: "bo_evict", run: (w) => gpuvmBoEvict(w.vmBo, true), wants: () => ["obj"] },
  {
    call: "gem_evict",
    run: (w) => gpuvmBoGemEvict(w.obj, true),
    wants: (flags) => (flags & IMMEDIATE ? ["obj", "list"] : ["obj"]),
  },
  { call: "bo_unmap_ops_create", run: (w) => gpuvmBoUnmapOpsCreate(w.vmBo), wants: () => ["list"] },
  {
    call: "prepare_objects",
    run: (w) => finish(gpuvmPrepareObjects(w.vm, new DrmExec(w.dev), 1)),
    wants: (flags) => (flags & PROTECTED ? ["vm"] : []),
  },
  {
    call: "validate",
    run: (w) => {
      w.vm.evict.list.push(w.vmBo.onEvict);
      finish(gpuvmValidate(w.vm, new DrmExec(w.dev)));
      w.vmBo.onEvict.remove();
    },
    wants: (flags) => (flags & PROTECTED ? ["vm", "obj"] : []),
  },
];

describe("each call asserts the locks it wants", () => {
  const cases = RULES.flatMap((rule) =>
    [0, PROTECTED, IMMEDIATE, PROTECTED | IMMEDIATE].map((flags) => ({
      ...rule,
      flags,
      need: rule.wants(flags).join("+") || "no lock",
    })),
  );

  it.each(cases)("$call with flags $flags: $need", ({ run, wants, flags, linked }) => {
    const lockOf = (w: World, want: Wants) =>
      want === "vm" ? w.vm.resv : want === "obj" ? w.obj.resv : listLock(w.vm, w.obj);
    const all = wants(flags);
    const good = world(flags, linked ?? false);
    // A final put leaves the object's count to whoever holds its lock.
    withLocks(
      good.dev,
      all.map((want) => lockOf(good, want)),
      () => void run(good),
    );
    for (const missing of all) {
      const w = world(flags, linked ?? false);
      const others = all.filter((want) => want !== missing).map((want) => lockOf(w, want));
      for (const lock of others) lock.acquire(w.dev.current);
      expect(() => run(w)).toThrow(
        expect.objectContaining({ code: "LOCK_NOT_HELD", objects: [lockOf(w, missing).name] }),
      );
    }
  });

  it("the lock must be the caller's own", () => {
    const w = world(0, false);
    w.obj.resv.acquire(new Task("somebody else"));
    expect(() => gpuvmBoFind(w.vm, w.obj, "t")).toThrow(
      "LOCK_NOT_HELD: drm_gpuvm_bo_find needs resv of bo, but somebody else holds it: main must take it first",
    );
  });

  it("a driver's own list lock stands for the dma_resv outside of immediate mode", () => {
    const w = world(0, false);
    w.obj.gpuvaListLock = new Lock("driver's list lock", "driver", w.dev.lockdep);
    withLocks(w.dev, [w.obj.gpuvaListLock], () => void gpuvmBoFind(w.vm, w.obj, "t"));
    w.obj.resv.acquire(w.dev.current);
    expect(() => gpuvmBoFind(w.vm, w.obj, "t")).toThrow(/driver's list lock/);
  });

  it("a fence is added under each object's resv", () => {
    const w = world(0, false);
    const exec = new DrmExec(w.dev);
    exec.untilAllLocked();
    finish(exec.prepareObj(w.obj, 2));
    gpuvmResvAddFence(w.vm, exec, new DmaFence(1, 1), USAGE_READ, USAGE_READ);
    w.obj.resv.release(w.dev.current);
    expect(() => gpuvmResvAddFence(w.vm, exec, new DmaFence(1, 2), USAGE_READ, USAGE_READ)).toThrow(
      expect.objectContaining({ code: "LOCK_NOT_HELD" }),
    );
  });

  it("without lock checks nothing is asserted", () => {
    const vm = newVm({ flags: PROTECTED });
    const vmBo = gpuvmBoObtain(vm, new DrmGemObject(vm.dev), "t") as DrmGpuvmBo;
    gpuvmBoExtobjAdd(vmBo);
    gpuvmBoEvict(vmBo, true);
    expect(gpuvmBoPut(vmBo, "t")).toBe(true);
  });
});

describe("calls that take a lock themselves must not be made with it", () => {
  it.each<[string, number, (w: World) => unknown, (w: World) => Lock]>([
    ["obtain_prealloc", IMMEDIATE, (w) => finish(gpuvmBoObtainPrealloc(w.vmBo, "t")), (w) => w.obj.gpuvaLock],
    ["put_deferred", IMMEDIATE, (w) => finish(gpuvmBoPutDeferred(w.vmBo, "t")), (w) => w.obj.gpuvaLock],
    [
      "unlink_defer",
      IMMEDIATE,
      (w) => {
        w.vm.vas.setOwner(w.va, -w.vmBo.slot);
        finish(gpuvaUnlinkDefer(w.vm, w.va));
      },
      (w) => w.obj.gpuvaLock,
    ],
    [
      "deferred_cleanup",
      IMMEDIATE | PROTECTED,
      (w) => {
        w.vm.deferred = w.vmBo;
        finish(gpuvmBoDeferredCleanup(w.vm));
      },
      (w) => w.vm.resv,
    ],
  ])("%s", (_, flags, run, lock) => {
    const w = world(flags, false);
    lock(w).acquire(w.dev.current);
    expect(() => run(w)).toThrow(expect.objectContaining({ code: "DEADLOCK" }));
    const other = world(flags, false);
    lock(other).acquire(new Task("somebody else"));
    expect(() => run(other)).toThrow(expect.objectContaining({ code: "DEADLOCK" }));
  });

  it("a put that is not the last takes no lock", () => {
    const w = world(IMMEDIATE, false);
    w.obj.gpuvaLock.acquire(new Task("somebody else"));
    w.vmBo.refs = 2;
    expect(finish(gpuvmBoPutDeferred(w.vmBo, "t"))).toBe(false);
  });
});

describe("locks", () => {
  const lockdep = new Lockdep();
  const [t, u] = [new Task("t"), new Task("u")];

  it("have one owner", () => {
    const lock = new Lock("l", "c", null);
    lock.acquire(t);
    expect(lock.tryAcquire(u)).toBe(false);
    expect(() => lock.acquire(u)).toThrow("DEADLOCK: u takes l, which t holds");
    expect(() => lock.acquire(t)).toThrow(/a self-deadlock/);
    expect(() => lock.release(u)).toThrow("LOCK_NOT_HELD: u unlocks l, which t holds");
    lock.release(t);
    expect(() => lock.release(t)).toThrow("LOCK_NOT_HELD: t unlocks l, which nobody holds");
    expect(lock.tryAcquire(u)).toBe(true);
    expect([t.locks, u.locks]).toEqual([1, 1]);
  });

  it("not held: the assertion, and its opposite", () => {
    const lock = new Lock("l", "c", lockdep);
    lockdep.assertNotHeld(t, lock, "f");
    lock.acquire(t);
    lockdep.assertHeld(t, lock, "f");
    lockdep.assertNotHeld(u, lock, "f");
    expect(() => lockdep.assertNotHeld(t, lock, "f")).toThrow(expect.objectContaining({ code: "LOCK_HELD" }));
    lock.release(t);
    expect(t.held).toEqual([]);
  });
});

describe("the order of lock classes", () => {
  const locks = (lockdep: Lockdep, ...classes: string[]) =>
    classes.map((c) => new Lock(c.toLowerCase(), c, lockdep));

  it("is learnt, and must not turn round, not even over others", () => {
    const lockdep = new Lockdep();
    const task = new Task("t");
    const [a, b, c] = locks(lockdep, "A", "B", "C") as [Lock, Lock, Lock];
    const nest = (outer: Lock, inner: Lock) => {
      outer.acquire(task);
      try {
        inner.acquire(task);
        inner.release(task);
      } finally {
        outer.release(task);
      }
    };
    nest(a, b);
    nest(b, c);
    nest(a, c);
    expect(lockdep.order()).toEqual(["A -> B", "A -> C", "B -> C"]);
    expect(() => nest(c, a)).toThrow(
      "LOCK_ORDER: t takes a (A) while it holds c (C); elsewhere A is taken first",
    );
    expect(() => nest(b, a)).toThrow(expect.objectContaining({ code: "LOCK_ORDER" }));
    expect(task.held).toEqual([]);
  });

  it("holds between any two that are held", () => {
    const lockdep = new Lockdep();
    const task = new Task("t");
    const [a, b, c] = locks(lockdep, "A", "B", "C") as [Lock, Lock, Lock];
    a.acquire(task);
    b.acquire(task);
    c.acquire(task);
    expect(lockdep.order()).toEqual(["A -> B", "A -> C", "B -> C"]);
  });

  it("two of a class must not nest, except dma_resvs", () => {
    const lockdep = new Lockdep();
    const task = new Task("t");
    const [a, b] = locks(lockdep, "A", "A") as [Lock, Lock];
    a.acquire(task);
    expect(() => b.acquire(task)).toThrow(expect.objectContaining({ code: "LOCK_ORDER" }));
    new DmaResv("r", lockdep).acquire(task);
    new DmaResv("s", lockdep).acquire(task);
    expect(lockdep.order()).toEqual([`A -> ${RESV_CLASS}`]);
  });

  it("is not broken by trying", () => {
    const lockdep = new Lockdep();
    const task = new Task("t");
    const [a, b] = locks(lockdep, "A", "B") as [Lock, Lock];
    a.acquire(task);
    b.acquire(task);
    a.release(task);
    expect(a.tryAcquire(task)).toBe(true);
    expect(lockdep.order()).toEqual(["A -> B"]);
  });
});

describe("contexts", () => {
  it.each([
    ["process", true, true],
    ["signalling", false, true],
    ["reclaim", false, true],
    ["atomic", false, false],
  ] as const)("%s: a dma_resv %s, a mutex %s", (context, resv, mutex) => {
    const lockdep = new Lockdep();
    const takes = (lock: Lock) => {
      try {
        lock.acquire(new Task("t", context));
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: "LOCK_CONTEXT" });
        return false;
      }
    };
    expect(takes(new DmaResv("r", lockdep))).toBe(resv);
    expect(takes(new Lock("m", "m", lockdep))).toBe(mutex);
    expect(new DmaResv("r", lockdep).tryAcquire(new Task("t", context))).toBe(true);
  });

  it("a last put and a cleanup may sleep: only in process context", () => {
    const w = world(IMMEDIATE, false);
    w.dev.current = new Task("run_job", "signalling");
    expect(() => gpuvmBoPut(w.vmBo, "t")).toThrow(expect.objectContaining({ code: "LOCK_CONTEXT" }));
    expect(() => finish(gpuvmBoDeferredCleanup(w.vm))).toThrow(
      expect.objectContaining({ code: "LOCK_CONTEXT" }),
    );
    expect(finish(gpuvmBoPutDeferred(w.vmBo, "t"))).toBe(true);
    w.dev.current = new Task("worker");
    finish(gpuvmBoDeferredCleanup(w.vm));
    expect(w.vmBo.freed).toBe(true);
  });

  it("a put that is not the last is refused in atomic context only", () => {
    const w = world(IMMEDIATE, false);
    w.vmBo.refs = 3;
    w.dev.current = new Task("run_job", "signalling");
    expect(gpuvmBoPut(w.vmBo, "t")).toBe(false);
    w.dev.current = new Task("irq", "atomic");
    expect(() => gpuvmBoPut(w.vmBo, "t")).toThrow(expect.objectContaining({ code: "LOCK_CONTEXT" }));
  });
});
