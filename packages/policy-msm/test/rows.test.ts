import { EINVAL, EOPNOTSUPP, gpuvaFind } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import { MS, NOTHING, Rig } from "./support/rig.ts";

describe("kernels before the conversion to GPUVM", () => {
  it("a file's end runs all that it queued: submits of closed files are written empty since VM_BIND", () => {
    const counts = (variant: string) => {
      const rig = new Rig(variant);
      rig.create(1);
      for (let i = 0; i < 12; i++) rig.submit([1]);
      rig.ask({ op: "close" });
      rig.pass(1000 * MS);
      return rig.driver.ringCounts();
    };
    expect(counts("before")).toEqual({ executed: 12, emptied: 0 });
    expect(counts("soft-pure")).toEqual({ executed: 8, emptied: 4 });
  });

  it("a submit takes its objects' locks, and none of a VM", () => {
    const locks = (variant: string) => {
      const rig = new Rig(variant);
      for (const bo of [1, 2, 3, 4]) rig.create(bo);
      rig.submit([1, 2, 3, 4]);
      return rig.machine.counts.submitLocks.max;
    };
    expect(locks("mainline") - locks("before")).toBe(1);
  });
});

describe("address ranges", () => {
  it("the display has 4 GiB, from 4 KiB on", () => {
    expect(new Rig("mainline").driver.device.kmsVm?.space).toEqual({
      start: 4096n,
      range: 2n ** 32n - 4096n,
    });
  });
});

describe("the shared gpu->vm", () => {
  it("is every program's: one handle's close unmaps for all, and no file's close frees it", () => {
    const rig = new Rig("shared");
    for (const f of [0, 1]) rig.create(1, f);
    const dmaBuf = rig.driver.prime?.exportBo(rig.file(0), 1);
    if (dmaBuf == null) throw new Error("no dma-buf");
    rig.call(rig.driver.prime?.importBo(rig.file(1), dmaBuf, 2) as never);
    dmaBuf.close();
    rig.submit([1], 0);
    rig.submit([1], 1);
    rig.pass(20 * MS);
    const vm = rig.driver.vmOf(rig.file(0));
    expect(vm).toBe(rig.driver.device.gpuVm);
    expect(rig.bo(1).ptes).toBe(16);
    rig.closeBo(2, 1);
    expect(rig.bo(1).ptes).toBe(0);
    rig.submit([1], 1);
    expect(rig.driver.vmOf(rig.file(1))).toBe(vm);
    rig.replay.close(1);
    expect(vm?.refs).toBeGreaterThan(0);
    expect(rig.submit([1], 0)).toBe(0);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.hazards).toEqual([]);
  });

  it("leaves addresses to the kernel", () => {
    const rig = new Rig("shared");
    rig.create(1);
    expect(rig.ask({ op: "set_iova", bo: 1, iova: 2 ** 33 })).toBe(-EOPNOTSUPP);
    expect(rig.ask({ op: "enable_vm_bind" })).toBe(-EINVAL);
    expect(rig.bind([{ bo: 1, va: 2 ** 33 }])).toBe(-EINVAL);
    expect(rig.ask({ op: "get_iova", bo: 1 })).toBe(0);
  });
});

describe("GPU and display as two devices", () => {
  it("import what is shown: a closed handle takes the display's mapping, and the last one on show its object", () => {
    const rig = new Rig("split");
    rig.create(1);
    const bo = rig.bo(1);
    rig.call(rig.driver.scanout?.prepareFb(bo) as never);
    expect([bo.pins, bo.ptes, rig.machine.counts.scanoutMaps]).toEqual([1, 0, 1]);
    rig.closeBo(1);
    expect([bo.refs > 0, rig.machine.counts.scanoutUnmaps]).toEqual([true, 0]);
    rig.call(rig.driver.scanout?.cleanupFb(bo) as never);
    expect([bo.refs, bo.pins, rig.machine.counts.scanoutUnmaps]).toEqual([0, 0, 1]);
    rig.create(2);
    rig.call(rig.driver.scanout?.prepareFb(rig.bo(2)) as never);
    rig.call(rig.driver.scanout?.cleanupFb(rig.bo(2)) as never);
    expect(rig.machine.counts.scanoutUnmaps).toBe(1);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.hazards).toEqual([]);
  });
});

describe("memory pressure under VM_BIND", () => {
  it("what was taken away waits for the next submit, whatever is bound meanwhile", () => {
    const rig = new Rig("vm-bind");
    rig.vmBind();
    rig.create(1);
    rig.bind([{ bo: 1, va: 2 ** 32 }]);
    rig.pass(MS);
    rig.call(rig.driver.shrink?.(65536) as never);
    rig.bind([{ bo: 1, va: 2 ** 33 }]);
    rig.pass(MS);
    const absent = () => {
      const vm = rig.driver.vmOf(rig.file());
      const record = rig.machine.vms.find((of) => of.vm === vm);
      return [2 ** 32, 2 ** 33].map((at) => record?.absent?.(gpuvaFind(record.vm, at, 65536)));
    };
    expect(absent()).toEqual([true, false]);
    rig.submit([]);
    expect(absent()).toEqual([false, false]);
    expect(rig.finish()).toEqual(NOTHING);
  });
});
