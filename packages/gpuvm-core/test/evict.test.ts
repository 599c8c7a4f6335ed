import { describe, expect, it } from "vitest";
import { walkList } from "../src/evict.ts";
import {
  DRM_EXEC_IGNORE_DUPLICATES,
  DRM_GPUVM_RESV_PROTECTED,
  DrmDevice,
  DrmExec,
  DrmGemObject,
  type DrmGpuvm,
  type DrmGpuvmBo,
  type Errno,
  finish,
  gpuvmBoEvict,
  gpuvmBoExtobjAdd,
  gpuvmBoGemEvict,
  gpuvmBoObtain,
  gpuvmBoPut,
  gpuvmPrepareObjects,
  gpuvmPrepareVm,
  gpuvmValidate,
  type Steps,
} from "../src/index.ts";
import { newVm } from "./support/driver.ts";

const PROTECTED = DRM_GPUVM_RESV_PROTECTED;

function bos(vm: DrmGpuvm, n: number, options: { private?: boolean } = {}): DrmGpuvmBo[] {
  return Array.from({ length: n }, () => {
    const obj = new DrmGemObject(vm.dev, options.private ? { resv: vm.resv } : {});
    return gpuvmBoObtain(vm, obj, "t") as DrmGpuvmBo;
  });
}

const exec = (vm: DrmGpuvm) => new DrmExec(vm.dev, DRM_EXEC_IGNORE_DUPLICATES);

describe("extobj_add", () => {
  it("takes external objects only, once, in order", () => {
    const vm = newVm();
    const [a, b] = bos(vm, 2) as [DrmGpuvmBo, DrmGpuvmBo];
    const [own] = bos(vm, 1, { private: true }) as [DrmGpuvmBo];
    for (const vmBo of [b, own, a, b]) gpuvmBoExtobjAdd(vmBo);
    expect(vm.extobj.list.toArray()).toEqual([b, a]);
    expect([vm.isExtobj(a.obj), vm.isExtobj(own.obj), vm.isExtobj(vm.rObj), vm.isExtobj(null)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("an object that shares another VM's resv is external here", () => {
    const vm = newVm();
    const other = newVm({}, vm.dev);
    const obj = new DrmGemObject(vm.dev, { resv: other.resv });
    expect([vm.isExtobj(obj), other.isExtobj(obj)]).toEqual([true, false]);
  });
});

describe("evict", () => {
  it.each([
    ["private, spinlocks", 0, true, 1],
    ["external, spinlocks", 0, false, 1],
    ["private, RESV_PROTECTED", PROTECTED, true, 1],
    ["external, RESV_PROTECTED: only marked", PROTECTED, false, 0],
  ])("%s", (_, flags, own, listed) => {
    const vm = newVm({ flags });
    const [a, b] = bos(vm, 2, { private: own }) as [DrmGpuvmBo, DrmGpuvmBo];
    gpuvmBoEvict(b, true);
    gpuvmBoEvict(a, true);
    gpuvmBoEvict(b, true);
    expect([a.evicted, b.evicted]).toEqual([true, true]);
    expect(vm.evict.list.toArray()).toEqual(listed ? [b, a] : []);
    gpuvmBoEvict(b, false);
    expect(b.evicted).toBe(false);
    expect(vm.evict.list.toArray()).toEqual(listed ? [a] : []);
  });

  it("external and RESV_PROTECTED: prepare_objects lists it, validate takes it off", () => {
    const validated: DrmGpuvmBo[] = [];
    const vm = newVm({
      flags: PROTECTED,
      ops: {
        vmFree() {},
        vmBoValidate: (b) => {
          validated.push(b);
          b.evicted = false;
          return 0;
        },
      },
    });
    const [a, b] = bos(vm, 2) as [DrmGpuvmBo, DrmGpuvmBo];
    for (const vmBo of [a, b]) gpuvmBoExtobjAdd(vmBo);
    gpuvmBoEvict(b, true);
    const e = exec(vm);
    e.untilAllLocked();
    expect(finish(gpuvmPrepareVm(vm, e, 1))).toBe(0);
    expect(finish(gpuvmPrepareObjects(vm, e, 1))).toBe(0);
    expect(e.objects).toEqual([vm.rObj, a.obj, b.obj]);
    expect(vm.evict.list.toArray()).toEqual([b]);
    expect(finish(gpuvmPrepareObjects(vm, e, 1))).toBe(0);
    expect(vm.evict.list.toArray()).toEqual([b]);
    expect(finish(gpuvmValidate(vm, e))).toBe(0);
    expect([validated, vm.evict.list.length]).toEqual([[b], 0]);
  });

  it("gem_evict reaches every VM's link, those on the object's list", () => {
    const vm = newVm();
    const other = newVm({}, vm.dev);
    const obj = new DrmGemObject(vm.dev);
    const links = [vm, other].map((v) => gpuvmBoObtain(v, obj, "t") as DrmGpuvmBo);
    gpuvmBoGemEvict(obj, true);
    expect(links.map((b) => b.evicted)).toEqual([true, true]);
    expect([vm.evict.list.length, other.evict.list.length]).toEqual([1, 1]);
    gpuvmBoGemEvict(obj, false);
    expect([vm.evict.list.length, other.evict.list.length]).toEqual([0, 0]);
  });
});

describe("validate", () => {
  function evicted(
    flags: number,
    validate?: (b: DrmGpuvmBo, i: number) => Errno,
  ): { vm: DrmGpuvm; list: DrmGpuvmBo[]; calls: DrmGpuvmBo[] } {
    const calls: DrmGpuvmBo[] = [];
    const vm = newVm({
      flags,
      ops: {
        vmFree() {},
        ...(validate ? { vmBoValidate: (b: DrmGpuvmBo) => validate(b, calls.push(b) - 1) } : {}),
      },
    });
    const list = bos(vm, 3, { private: true });
    for (const b of list) gpuvmBoEvict(b, true);
    return { vm, list, calls };
  }

  it.each([0, PROTECTED])("needs the driver's callback (flags %i)", (flags) => {
    const { vm } = evicted(flags);
    expect(finish(gpuvmValidate(vm, exec(vm)))).toBe(-95);
  });

  it.each([0, PROTECTED])("calls for each in order, and stops at the first error (flags %i)", (flags) => {
    const { vm, list, calls } = evicted(flags, (_, i) => (i === 1 ? -12 : 0));
    expect(finish(gpuvmValidate(vm, exec(vm)))).toBe(-12);
    expect(calls).toEqual(list.slice(0, 2));
    expect(vm.evict.list.toArray()).toEqual(list);
    expect([vm.evict.local, ...list.map((b) => b.refs)]).toEqual([null, 1, 1, 1]);
  });

  it("RESV_PROTECTED: what is no longer evicted leaves the list; the rest is asked again", () => {
    const { vm, list, calls } = evicted(PROTECTED, (b, i) => {
      if (i !== 1) b.evicted = false;
      return 0;
    });
    expect(finish(gpuvmValidate(vm, exec(vm)))).toBe(0);
    expect([calls, vm.evict.list.toArray()]).toEqual([list, [list[1]]]);
  });

  it("spinlocks: the core takes nothing off, the driver's evict(false) does, also in the middle of the walk", () => {
    const { vm, list } = evicted(0, (b) => {
      b.evicted = false;
      return 0;
    });
    finish(gpuvmValidate(vm, exec(vm)));
    expect(vm.evict.list.toArray()).toEqual(list);
    const second = evicted(0, (b, i) => {
      if (i !== 1) gpuvmBoEvict(b, false);
      return 0;
    });
    finish(gpuvmValidate(second.vm, exec(second.vm)));
    expect(second.vm.evict.list.toArray()).toEqual([second.list[1]]);
  });

  it("RESV_PROTECTED: skips zombies", () => {
    const { vm, list, calls } = evicted(PROTECTED, () => 0);
    (list[1] as DrmGpuvmBo).refs = 0;
    finish(gpuvmValidate(vm, exec(vm)));
    expect(calls).toEqual([list[0], list[2]]);
    for (const b of list) gpuvmBoExtobjAdd(b);
  });

  it("a callback may stop on its way", () => {
    const vm = newVm({
      ops: {
        vmFree() {},
        *vmBoValidate(b): Steps<Errno> {
          yield b.vm.dev.point;
          return -5;
        },
      },
    });
    gpuvmBoEvict(bos(vm, 1)[0] as DrmGpuvmBo, true);
    const run = gpuvmValidate(vm, exec(vm));
    expect(run.next().done).toBe(false);
    expect(run.next()).toEqual({ done: true, value: -5 });
  });
});

describe("prepare_objects, RESV_PROTECTED", () => {
  it("skips zombies, and stops at the first error", () => {
    const vm = newVm({ flags: PROTECTED });
    const list = bos(vm, 3);
    for (const b of list) gpuvmBoExtobjAdd(b);
    const [a, b, c] = list as [DrmGpuvmBo, DrmGpuvmBo, DrmGpuvmBo];
    b.refs = 0;
    const e = exec(vm);
    e.untilAllLocked();
    finish(gpuvmPrepareObjects(vm, e, 1));
    expect(e.objects).toEqual([a.obj, c.obj]);
    e.fini();
    const twice = new DrmExec(vm.dev);
    twice.untilAllLocked();
    finish(twice.lockObj(a.obj));
    a.evicted = true;
    expect(finish(gpuvmPrepareObjects(vm, twice, 1))).toBe(-114);
    expect([twice.objects, vm.evict.list.length]).toEqual([[a.obj], 0]);
  });
});

describe("a walk with the lock dropped between steps", () => {
  function start(n: number): { vm: DrmGpuvm; list: DrmGpuvmBo[]; seen: DrmGpuvmBo[]; walk: Steps<Errno> } {
    const vm = newVm();
    const list = bos(vm, n);
    for (const b of list) gpuvmBoExtobjAdd(b);
    const seen: DrmGpuvmBo[] = [];
    const walk = walkList(vm, "extobj", function* (b) {
      seen.push(b);
      yield vm.dev.point;
      return 0;
    });
    return { vm, list, seen, walk };
  }

  it("holds the one it stands on, parks it, and puts all back in front, in order", () => {
    const { vm, list, seen, walk } = start(3);
    const [a, b, c] = list as [DrmGpuvmBo, DrmGpuvmBo, DrmGpuvmBo];
    walk.next();
    expect([seen, a.refs, b.refs]).toEqual([[a], 2, 1]);
    expect([vm.extobj.local?.toArray(), vm.extobj.list.toArray()]).toEqual([[a], [b, c]]);
    walk.next();
    expect([seen, a.refs, b.refs]).toEqual([[a, b], 1, 2]);
    expect([vm.extobj.local?.toArray(), vm.extobj.list.toArray()]).toEqual([[a, b], [c]]);
    walk.next();
    const end = walk.next();
    expect([end.value, vm.extobj.local, vm.extobj.list.toArray()]).toEqual([0, null, list]);
    expect(list.map((x) => x.refs)).toEqual([1, 1, 1]);
  });

  it("what is added in between is walked, too, and stays behind", () => {
    const { vm, list, seen, walk } = start(2);
    walk.next();
    const [late] = bos(vm, 1) as [DrmGpuvmBo];
    gpuvmBoExtobjAdd(late);
    finish(walk);
    expect(seen).toEqual([...list, late]);
    expect(vm.extobj.list.toArray()).toEqual([...list, late]);
  });

  it("what is added when the walk has ended early stands behind what was parked", () => {
    const vm = newVm();
    const list = bos(vm, 3);
    for (const b of list) gpuvmBoExtobjAdd(b);
    const [late] = bos(vm, 1) as [DrmGpuvmBo];
    const walk = walkList(vm, "extobj", function* (b) {
      yield vm.dev.point;
      return b === list[1] ? -4 : 0;
    });
    walk.next();
    walk.next();
    gpuvmBoExtobjAdd(late);
    expect(walk.next()).toEqual({ done: true, value: -4 });
    expect(vm.extobj.list.toArray()).toEqual([...list, late]);
    expect([vm.extobj.local, ...list.map((b) => b.refs)]).toEqual([null, 1, 1, 1]);
  });

  it("a parked one counts as listed, and can be taken off", () => {
    const { vm, list, seen, walk } = start(3);
    const [a, b, c] = list as [DrmGpuvmBo, DrmGpuvmBo, DrmGpuvmBo];
    walk.next();
    gpuvmBoExtobjAdd(a);
    expect(vm.extobj.local?.toArray()).toEqual([a]);
    walk.next();
    gpuvmBoPut(a, "t");
    expect([a.freed, vm.extobj.local?.toArray()]).toEqual([true, [b]]);
    gpuvmBoPut(c, "t");
    expect(finish(walk)).toBe(0);
    expect([seen, vm.extobj.list.toArray()]).toEqual([[a, b], [b]]);
  });

  it("the one it stands on dies when the walk goes on, if nobody else holds it", () => {
    const { vm, list, walk } = start(2);
    const [a, b] = list as [DrmGpuvmBo, DrmGpuvmBo];
    walk.next();
    expect(gpuvmBoPut(a, "t")).toBe(false);
    walk.next();
    expect([a.freed, vm.extobj.local?.toArray()]).toEqual([true, [b]]);
    finish(walk);
    expect(vm.extobj.list.toArray()).toEqual([b]);
  });

  it("one without references is taken off and passed over", () => {
    const { vm, list, seen, walk } = start(3);
    (list[1] as DrmGpuvmBo).refs = 0;
    finish(walk);
    expect([seen, vm.extobj.list.toArray()]).toEqual([
      [list[0], list[2]],
      [list[0], list[2]],
    ]);
    expect((list[1] as DrmGpuvmBo).onExtobj.list).toBeNull();
  });

  it("two at once warn", () => {
    const warnings: string[] = [];
    const dev = new DrmDevice({ onWarn: (w) => void warnings.push(w) });
    const vm = newVm({}, dev);
    for (const b of bos(vm, 2)) gpuvmBoExtobjAdd(b);
    const walk = () =>
      walkList(vm, "extobj", function* () {
        yield dev.point;
        return 0;
      });
    const first = walk();
    first.next();
    expect(warnings).toEqual([]);
    walk().next();
    expect(warnings).toEqual([`two walks of the extobj list of ${vm.name} at once`]);
  });

  it("walks of the two lists are independent", () => {
    const { vm, list, walk } = start(1);
    const [a] = list as [DrmGpuvmBo];
    gpuvmBoEvict(a, true);
    walk.next();
    finish(
      walkList(vm, "evict", function* () {
        yield vm.dev.point;
        expect([vm.evict.local?.toArray(), vm.extobj.local?.toArray()]).toEqual([[a], [a]]);
        return 0;
      }),
    );
    expect([vm.evict.list.toArray(), vm.extobj.list.length]).toEqual([[a], 0]);
    finish(walk);
    expect(vm.extobj.list.toArray()).toEqual([a]);
  });
});
