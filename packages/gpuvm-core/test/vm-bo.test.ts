import { describe, expect, it } from "vitest";
import {
  DRM_GPUVM_IMMEDIATE_MODE,
  DRM_GPUVM_RESV_PROTECTED,
  DrmDevice,
  DrmGemObject,
  type DrmGpuvm,
  DrmGpuvmBo,
  finish,
  type Gpuva,
  gemVmBos,
  gpuvaAlloc,
  gpuvaInit,
  gpuvaInsert,
  gpuvaLink,
  gpuvaRemove,
  gpuvaUnlinkDefer,
  gpuvmBoCreate,
  gpuvmBoDeferredCleanup,
  gpuvmBoEvict,
  gpuvmBoExtobjAdd,
  gpuvmBoFind,
  gpuvmBoGet,
  gpuvmBoObtain,
  gpuvmBoObtainPrealloc,
  gpuvmBoPut,
  gpuvmBoPutDeferred,
} from "../src/index.ts";
import { newVm } from "./support/driver.ts";

const BOTH = DRM_GPUVM_IMMEDIATE_MODE | DRM_GPUVM_RESV_PROTECTED;

interface World {
  readonly vm: DrmGpuvm;
  readonly obj: DrmGemObject;
  /** What was freed, in order, with what was left then. */
  readonly log: string[];
}

function world(flags = 0): World {
  const log: string[] = [];
  const dev = new DrmDevice();
  const vm = newVm(
    {
      flags,
      ops: {
        vmFree: () => void log.push("vm"),
        vmBoFree: (b) => {
          const locked = b.obj.gpuvaLock.owner === null ? "" : ", locked";
          log.push(`vm_bo of ${b.obj.name}, ${b.obj.refs} on it, ${b.vm.refs} on the VM${locked}`);
        },
      },
    },
    dev,
  );
  const obj = new DrmGemObject(dev, { name: "bo", funcs: { free: (o) => void log.push(`free ${o.name}`) } });
  return { vm, obj, log };
}

const create = (w: World, obj = w.obj) => gpuvmBoCreate(w.vm, obj, "t") as DrmGpuvmBo;
const obtain = (w: World, obj = w.obj) => gpuvmBoObtain(w.vm, obj, "t") as DrmGpuvmBo;

describe("a vm_bo", () => {
  it("create: one reference, on no list, holds VM and object", () => {
    const w = world();
    const vmBo = create(w);
    expect([vmBo.refs, vmBo.evicted, vmBo.freed, w.vm.refs, w.obj.refs]).toEqual([1, false, false, 2, 2]);
    expect([vmBo.onGem.list, vmBo.onExtobj.list, vmBo.onEvict.list, w.obj.gpuva.length]).toEqual([
      null,
      null,
      null,
      0,
    ]);
    expect(gpuvmBoFind(w.vm, w.obj, "t")).toBeNull();
    expect(gpuvmBoPut(vmBo, "t")).toBe(true);
    expect(w.log).toEqual(["vm_bo of bo, 2 on it, 2 on the VM"]);
    expect([w.vm.refs, w.obj.refs]).toEqual([1, 1]);
  });

  it("obtain: one for each VM and object, at the tail of the object's list", () => {
    const w = world();
    const other = { ...w, vm: newVm({}, w.vm.dev) };
    const a = obtain(w);
    const b = obtain(other);
    expect([obtain(w), obtain(other)]).toEqual([a, b]);
    expect([a.refs, b.refs, w.obj.refs]).toEqual([2, 2, 3]);
    expect(gemVmBos(w.obj).toArray()).toEqual([a, b]);
    expect(gpuvmBoFind(other.vm, w.obj, "t")).toBe(b);
    expect(b.refs).toBe(3);
    expect([gpuvmBoPut(a, "t"), gpuvmBoPut(a, "t")]).toEqual([false, true]);
    expect(gemVmBos(w.obj).toArray()).toEqual([b]);
    expect(obtain(w)).not.toBe(a);
  });

  it("obtain does not make an object external, and warns in immediate mode", () => {
    const w = world();
    obtain(w);
    expect([w.vm.extobj.list.length, w.vm.dev.warnings]).toEqual([0, 0]);
    obtain(world(DRM_GPUVM_IMMEDIATE_MODE));
    const i = world(DRM_GPUVM_IMMEDIATE_MODE);
    obtain(i);
    expect(i.vm.dev.warnings).toBe(1);
  });

  it("may hold the last reference of both", () => {
    const w = world();
    const vmBo = create(w);
    w.obj.put("creator");
    w.vm.put("creator");
    expect(w.log).toEqual([]);
    gpuvmBoPut(vmBo, "t");
    expect(w.log).toEqual(["vm_bo of bo, 1 on it, 1 on the VM", "vm", "free bo"]);
  });

  it("the last put takes it off every list it is on", () => {
    const w = world();
    const vmBo = obtain(w);
    gpuvmBoExtobjAdd(vmBo);
    gpuvmBoEvict(vmBo, true);
    expect([w.vm.extobj.list.length, w.vm.evict.list.length, w.obj.gpuva.length]).toEqual([1, 1, 1]);
    gpuvmBoPut(vmBo, "t");
    expect([w.vm.extobj.list.length, w.vm.evict.list.length, w.obj.gpuva.length]).toEqual([0, 0, 0]);
  });

  it("a slot is used again, unless freed things are kept apart", () => {
    const w = world();
    const first = create(w);
    gpuvmBoPut(first, "t");
    const second = create(w);
    expect(second.slot).toBe(first.slot);
    w.vm.dev.quarantine = true;
    gpuvmBoPut(second, "t");
    expect(create(w).slot).not.toBe(first.slot);
  });

  it("null is put without effect; a dead one can't be got or put", () => {
    const w = world(DRM_GPUVM_IMMEDIATE_MODE);
    expect([gpuvmBoPut(null, "t"), finish(gpuvmBoPutDeferred(null, "t"))]).toEqual([false, false]);
    const vmBo = create(w);
    gpuvmBoPut(vmBo, "t");
    expect(() => gpuvmBoGet(vmBo, "t")).toThrow(expect.objectContaining({ code: "USE_AFTER_FREE" }));
    expect(() => gpuvmBoPut(vmBo, "t")).toThrow(expect.objectContaining({ code: "REFCOUNT" }));
  });

  it("drivers may allocate their own, or none", () => {
    class Mine extends DrmGpuvmBo {}
    let out = false;
    const vm = newVm({ ops: { vmFree() {}, vmBoAlloc: (v, o) => (out ? null : new Mine(v, o)) } });
    const obj = new DrmGemObject(vm.dev);
    expect(gpuvmBoCreate(vm, obj, "t")).toBeInstanceOf(Mine);
    out = true;
    expect([gpuvmBoCreate(vm, obj, "t"), gpuvmBoObtain(vm, obj, "t")]).toEqual([null, null]);
    expect([vm.refs, obj.refs, obj.gpuva.length]).toEqual([2, 2, 0]);
  });
});

describe("obtain_prealloc", () => {
  const prealloc = (vmBo: DrmGpuvmBo) => finish(gpuvmBoObtainPrealloc(vmBo, "t"));

  it("the first becomes the one, and a later one is dropped for it, outside of the lock", () => {
    const w = world(DRM_GPUVM_IMMEDIATE_MODE);
    const a = create(w);
    expect(prealloc(a)).toBe(a);
    expect([a.refs, gemVmBos(w.obj).toArray()]).toEqual([1, [a]]);
    const b = create(w);
    expect(prealloc(b)).toBe(a);
    expect([a.refs, b.freed, w.obj.refs, w.vm.refs]).toEqual([2, true, 2, 2]);
    expect(w.log).toEqual(["vm_bo of bo, 3 on it, 3 on the VM"]);
    expect([w.vm.dev.warnings, w.obj.gpuvaLock.owner]).toEqual([0, null]);
  });

  it("a spare that is held elsewhere lives on, on no list", () => {
    const w = world(DRM_GPUVM_IMMEDIATE_MODE);
    prealloc(create(w));
    const spare = gpuvmBoGet(create(w), "t");
    prealloc(spare);
    expect([spare.freed, spare.refs, spare.onGem.list]).toEqual([false, 1, null]);
  });

  it("warns outside of immediate mode", () => {
    const w = world();
    prealloc(create(w));
    expect(w.vm.dev.warnings).toBe(1);
  });
});

describe("deferred destruction", () => {
  /** An external, evicted vm_bo with one reference. */
  function zombieToBe(w: World): DrmGpuvmBo {
    const vmBo = finish(gpuvmBoObtainPrealloc(create(w), "t"));
    gpuvmBoExtobjAdd(vmBo);
    vmBo.evicted = true;
    w.vm.evict.list.push(vmBo.onEvict);
    return vmBo;
  }

  it.each([
    ["its lists are spinlocked: off them at once", DRM_GPUVM_IMMEDIATE_MODE, 0],
    ["its lists are the VM resv's: off them at the cleanup", BOTH, 1],
  ])("%s", (_, flags, stays) => {
    const w = world(flags);
    const vmBo = gpuvmBoGet(zombieToBe(w), "t");
    expect(finish(gpuvmBoPutDeferred(vmBo, "t"))).toBe(false);
    expect([vmBo.refs, w.vm.deferred, w.obj.gpuva.length]).toEqual([1, null, 1]);
    expect(finish(gpuvmBoPutDeferred(vmBo, "t"))).toBe(true);
    expect([vmBo.refs, vmBo.freed, w.vm.deferred]).toEqual([0, false, vmBo]);
    expect([w.vm.extobj.list.length, w.vm.evict.list.length, w.obj.gpuva.length]).toEqual([stays, stays, 0]);
    expect([w.vm.refs, w.obj.refs]).toEqual([2, 2]);
    finish(gpuvmBoDeferredCleanup(w.vm));
    expect([vmBo.freed, w.vm.deferred, vmBo.deferNext]).toEqual([true, null, null]);
    expect([w.vm.extobj.list.length, w.vm.evict.list.length]).toEqual([0, 0]);
    expect([w.vm.refs, w.obj.refs, w.vm.dev.warnings]).toEqual([1, 1, 0]);
    expect([w.obj.gpuvaLock.owner, w.vm.resv.owner]).toEqual([null, null]);
  });

  it("a new vm_bo may be there beside the zombie of the same object", () => {
    const w = world(BOTH);
    const old = zombieToBe(w);
    finish(gpuvmBoPutDeferred(old, "t"));
    const fresh = zombieToBe(w);
    expect(fresh).not.toBe(old);
    expect(w.vm.extobj.list.toArray()).toEqual([old, fresh]);
    finish(gpuvmBoDeferredCleanup(w.vm));
    expect(w.vm.extobj.list.toArray()).toEqual([fresh]);
  });

  it("the cleanup frees the newest first, and may free the VM with the last", () => {
    const w = world(BOTH);
    for (const name of ["a", "b", "c"]) {
      const obj = new DrmGemObject(w.vm.dev, { name });
      finish(gpuvmBoPutDeferred(finish(gpuvmBoObtainPrealloc(create(w, obj), "t")), "t"));
    }
    w.vm.put("creator");
    finish(gpuvmBoDeferredCleanup(w.vm));
    expect(w.log.map((line) => line.slice(0, 10))).toEqual(["vm_bo of c", "vm_bo of b", "vm_bo of a", "vm"]);
    finish(gpuvmBoDeferredCleanup(w.vm));
    expect(w.log.length).toBe(4);
  });

  it("unlink_defer drops the VA's reference, and leaves sparse VAs alone", () => {
    const w = world(DRM_GPUVM_IMMEDIATE_MODE);
    const vmBo = finish(gpuvmBoObtainPrealloc(create(w), "t"));
    const vas = [0, 16].map((addr) => {
      const va = gpuvaAlloc(w.vm);
      gpuvaInit(w.vm, va, addr, 16, w.obj, 0);
      gpuvaInsert(w.vm, va);
      gpuvaLink(w.vm, va, vmBo);
      return va;
    }) as [Gpuva, Gpuva];
    gpuvmBoPut(vmBo, "t");
    expect(vmBo.refs).toBe(2);
    finish(gpuvaUnlinkDefer(w.vm, vas[0]));
    expect([vmBo.refs, w.vm.deferred, vmBo.vaHead]).toEqual([1, null, vas[1]]);
    gpuvaRemove(w.vm, vas[1]);
    finish(gpuvaUnlinkDefer(w.vm, vas[1]));
    expect([vmBo.refs, w.vm.deferred, w.obj.gpuvaLock.owner]).toEqual([0, vmBo, null]);
    const sparse = gpuvaAlloc(w.vm);
    gpuvaInit(w.vm, sparse, 32, 16, null, 0);
    finish(gpuvaUnlinkDefer(w.vm, sparse));
    expect(() => finish(gpuvaUnlinkDefer(w.vm, vas[0]))).toThrow(
      expect.objectContaining({ code: "NOT_LINKED" }),
    );
  });

  it("warns outside of immediate mode", () => {
    const w = world();
    finish(gpuvmBoPutDeferred(create(w), "t"));
    expect(w.vm.dev.warnings).toBe(1);
    const va = gpuvaAlloc(w.vm);
    gpuvaInit(w.vm, va, 0, 16, w.obj, 0);
    gpuvaInsert(w.vm, va);
    gpuvaLink(w.vm, va, obtain(w));
    finish(gpuvaUnlinkDefer(w.vm, va));
    expect(w.vm.dev.warnings).toBe(2);
  });

  it("a zombie is pushed only when the gpuva lock is free again: then its object may go", () => {
    const w = world(DRM_GPUVM_IMMEDIATE_MODE);
    const vmBo = finish(gpuvmBoObtainPrealloc(create(w), "t"));
    w.obj.put("creator");
    let locked: unknown = "not pushed";
    let head: DrmGpuvmBo | null = null;
    Object.defineProperty(w.vm, "deferred", {
      get: () => head,
      set: (v: DrmGpuvmBo | null) => {
        head = v;
        locked = w.obj.gpuvaLock.owner;
      },
    });
    finish(gpuvmBoPutDeferred(vmBo, "t"));
    expect(locked).toBeNull();
    finish(gpuvmBoDeferredCleanup(w.vm));
    expect(w.log.at(-1)).toBe("free bo");
  });
});
