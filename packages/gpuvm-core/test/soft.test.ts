import { describe, expect, it } from "vitest";
import {
  DmaFence,
  DrmDevice,
  DrmExec,
  DrmGemObject,
  type DrmGpuvm,
  type DrmGpuvmBo,
  finish,
  type Gpuva,
  gpuvaBo,
  gpuvaRemove,
  gpuvaUnlink,
  gpuvmBoEvict,
  gpuvmBoExtobjAdd,
  gpuvmBoFind,
  gpuvmBoObtain,
  gpuvmPrepareObjects,
  gpuvmValidate,
  Ledger,
  Lockdep,
  type ReferencePolicy,
  withOwnership,
} from "../src/index.ts";
import { insert, newVm } from "./support/driver.ts";

interface World {
  readonly dev: DrmDevice;
  readonly vm: DrmGpuvm;
  readonly obj: DrmGemObject;
  readonly va: Gpuva;
  readonly vmBo: DrmGpuvmBo;
}

/** One object mapped once; its last reference is the creator's, if ownership is soft. */
function world(
  ownership: "hard" | "soft",
  softGuards?: boolean,
  onFree: (w: World) => void = () => {},
): World {
  const dev = new DrmDevice({ ledger: new Ledger() });
  const vm = newVm(
    {
      boOwnership: ownership,
      ...(softGuards === undefined ? {} : { softGuards }),
      ops: { vmFree() {}, vmBoValidate: () => 0 },
    },
    dev,
  );
  const obj: DrmGemObject = new DrmGemObject(dev, { name: "bo", funcs: { free: () => onFree(w) } });
  const va = insert(vm, 0, 16, obj);
  const w: World = { dev, vm, obj, va, vmBo: gpuvaBo(vm, va) as DrmGpuvmBo };
  return w;
}

const tearDown = ({ vm, va }: World) => {
  gpuvaUnlink(vm, va);
  gpuvaRemove(vm, va);
};

describe("who keeps an object", () => {
  it("hard: its mapping, after its creator has let go", () => {
    let freed = 0;
    const w = world("hard", true, () => freed++);
    expect([w.obj.refs, w.vmBo.countsObj]).toEqual([2, true]);
    w.obj.put("creator");
    expect([freed, w.obj.refs]).toEqual([0, 1]);
    tearDown(w);
    expect([freed, w.obj.refs]).toEqual([1, 0]);
  });

  it("soft: nobody; freeing it takes its mappings away", () => {
    const w = world("soft", true, tearDown);
    expect([w.obj.refs, w.vmBo.countsObj]).toEqual([1, false]);
    w.obj.put("creator");
    expect([w.vm.mappings, w.vm.refs, w.vmBo.freed, w.dev.warnings]).toEqual([0, 1, true, 0]);
    w.vm.put("creator");
    expect((w.dev.ledger as Ledger).all()).toEqual([]);
  });

  it("soft: the VM is counted all the same", () => {
    const w = world("soft", true, tearDown);
    w.vm.put("creator");
    expect(w.vm.refs).toBe(2);
    w.obj.put("creator");
    expect([w.vm.refs, w.dev.refs]).toEqual([0, 1]);
  });
});

describe("the guards of the series' fifth version", () => {
  it("keep weak vm_bos off the lists, and warn of what needs the lists", () => {
    const { vm, vmBo, dev } = world("soft");
    gpuvmBoExtobjAdd(vmBo);
    gpuvmBoEvict(vmBo, true);
    expect([vm.extobj.list.length, vm.evict.list.length, vmBo.evicted]).toEqual([0, 0, false]);
    const exec = new DrmExec(dev);
    exec.untilAllLocked();
    expect(finish(gpuvmPrepareObjects(vm, exec, 1))).toBe(0);
    expect(dev.warnings).toBe(1);
    expect(finish(gpuvmValidate(vm, exec))).toBe(0);
    expect(dev.warnings).toBe(2);
  });

  it("are not there for hard ownership, nor when switched off", () => {
    for (const { vm, vmBo, dev } of [world("hard"), world("soft", false)]) {
      gpuvmBoExtobjAdd(vmBo);
      gpuvmBoEvict(vmBo, true);
      expect([vm.extobj.list.length, vm.evict.list.length, vmBo.evicted]).toEqual([1, 1, true]);
      const exec = new DrmExec(dev);
      exec.untilAllLocked();
      finish(gpuvmPrepareObjects(vm, exec, 1));
      finish(gpuvmValidate(vm, exec));
      expect(dev.warnings).toBe(0);
    }
  });

  it("without them, a freed object can be reached from the VM: that is found", () => {
    for (const flags of [0]) {
      const { vm, vmBo, obj, dev } = world("soft", false);
      gpuvmBoExtobjAdd(vmBo);
      obj.put("creator");
      const exec = new DrmExec(dev);
      exec.untilAllLocked();
      expect(() => finish(gpuvmPrepareObjects(vm, exec, flags + 1))).toThrow(
        expect.objectContaining({ code: "USE_AFTER_FREE", objects: [vm.name, vmBo.name] }),
      );
    }
  });

  it("a weak vm_bo that is destroyed while listed, its object gone, warns with the guards only", () => {
    for (const guards of [true, false]) {
      const w = world("soft", guards);
      w.vm.extobj.list.push(w.vmBo.onExtobj);
      w.obj.put("creator");
      gpuvaUnlink(w.vm, w.va);
      expect([w.dev.warnings, w.vm.extobj.list.length]).toEqual([guards ? 1 : 0, 0]);
    }
  });

  it("a freed vm_bo on a list is found", () => {
    const w = world("hard");
    gpuvmBoExtobjAdd(w.vmBo);
    w.vmBo.freed = true;
    const exec = new DrmExec(w.dev);
    exec.untilAllLocked();
    expect(() => finish(gpuvmPrepareObjects(w.vm, exec, 1))).toThrow(
      expect.objectContaining({ code: "USE_AFTER_FREE" }),
    );
  });
});

describe("the destructor's way", () => {
  it("an object without references needs no lock, if ownership is soft: nobody else can come by it", () => {
    for (const ownership of ["soft", "hard"] as const) {
      const dev = new DrmDevice({ lockdep: new Lockdep() });
      const vm = newVm({ boOwnership: ownership }, dev);
      const obj = new DrmGemObject(dev);
      expect(() => gpuvmBoFind(vm, obj, "t")).toThrow(expect.objectContaining({ code: "LOCK_NOT_HELD" }));
      obj.resv.acquire(dev.current);
      const vmBo = gpuvmBoObtain(vm, obj, "t") as DrmGpuvmBo;
      obj.resv.release(dev.current);
      vmBo.refs++;
      obj.refs = 0;
      if (ownership === "soft") expect(gpuvmBoFind(vm, obj, "t")).toBe(vmBo);
      else
        expect(() => gpuvmBoFind(vm, obj, "t")).toThrow(expect.objectContaining({ code: "LOCK_NOT_HELD" }));
    }
  });
});

describe("a policy", () => {
  const policy: ReferencePolicy = {
    driver: "d",
    variant: "v",
    models: "m",
    boOwnership: "hard",
    edges: [
      { from: "vm_bo", to: "BO", kind: "counted", span: "always", source: "drm_gpuvm_bo_create" },
      { from: "vm_bo", to: "VM", kind: "counted", span: "always", source: "s" },
      { from: "handle", to: "BO", kind: "counted", span: "open", source: "s" },
    ],
    teardown: [],
    capabilities: [],
  };

  it("with the other ownership differs in that one edge", () => {
    const soft = withOwnership(policy, "soft");
    expect(soft.boOwnership).toBe("soft");
    expect(soft.edges.map((e) => e.kind)).toEqual(["weak", "counted", "counted"]);
    expect(withOwnership(soft, "hard")).toEqual(policy);
    expect(withOwnership(policy, "hard")).toBe(policy);
  });
});

it("a fence has a name for findings", () => {
  expect(new DmaFence(3, 4).name).toBe("fence 3:4");
});
