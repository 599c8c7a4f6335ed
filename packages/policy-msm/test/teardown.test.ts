import type { Bo } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { MS, NOTHING, Rig } from "./support/rig.ts";

describe("W1: the handle is closed before the submit is done", () => {
  it.each([
    // variant, close blocks for (ms)
    ["before", 0],
    ["soft-pure", 0],
    ["soft", 10],
    ["mainline", 10],
    ["hard-unpin", 10],
    ["hard-retire", 0],
  ])("%s: close takes %d ms, nothing is left", (variant, ms) => {
    const rig = new Rig(variant);
    rig.create(1);
    expect(rig.submit([1])).toBe(0);
    const began = rig.machine.now;
    expect(rig.closeBo(1)).toBe(0);
    expect((rig.machine.now - began) / MS).toBe(ms);
    rig.pass(20 * MS);
    expect(rig.machine.memory.objects.size).toBe(2);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.hazards).toEqual([]);
  });

  it("hard-naive leaks the object, its link, its mapping and the one VM", () => {
    const rig = new Rig("hard-naive");
    for (let bo = 1; bo <= 3; bo++) {
      rig.create(bo);
      rig.submit([bo]);
      rig.closeBo(bo);
    }
    rig.replay.closeFiles();
    // Three of the program, two of the kernel (W7).
    expect(rig.finish()).toMatchObject({ bos: 5, vmBos: 5, vas: 5, vms: 2 });
    const [bo] = [...rig.machine.memory.objects].slice(-1);
    expect(rig.dev.ledger?.holders(bo as never).map(({ holder }) => holder.split("#")[0])).toEqual(["vm_bo"]);
  });
});

describe("W2: a submit longer than a second", () => {
  it("soft gives up waiting, and unmaps under the GPU", () => {
    const rig = new Rig("soft", { jobNs: 3000 * MS });
    rig.create(1);
    rig.submit([1]);
    const began = rig.machine.now;
    rig.closeBo(1);
    expect((rig.machine.now - began) / MS).toBe(1000);
    expect(rig.hazards).toEqual(["gpu-fault"]);
    expect(rig.finish()).toEqual(NOTHING);
  });

  it("mainline waits as long as it takes", () => {
    const rig = new Rig("mainline", { jobNs: 3000 * MS });
    rig.create(1);
    rig.submit([1]);
    rig.closeBo(1);
    expect(rig.machine.now / MS).toBe(3000);
    expect(rig.hazards).toEqual([]);
  });
});

describe("page flips", () => {
  function flips(variant: string, frames: number): Rig {
    const rig = new Rig(variant);
    for (let bo = 1; bo <= 3; bo++) rig.create(bo);
    for (let i = 0; i < frames; i++) {
      const bo = rig.bo(1 + (i % 3));
      expect(rig.call(rig.driver.scanout?.prepareFb(bo) as never)).toBe(0);
      rig.call(rig.driver.scanout?.cleanupFb(bo) as never);
    }
    return rig;
  }

  it.each([
    ["before", 3, 0],
    ["soft", 3, 0],
    ["soft-pure", 3, 0],
    ["mainline", 3, 0],
    ["vm-bind", 3, 0],
    ["hard-unpin", 30, 30],
    ["hard-retire", 30, 30],
  ])("W3 %s: 30 flips map %d times and unmap %d times", (variant, maps, unmaps) => {
    const rig = flips(variant, 30);
    const { counts } = rig.machine;
    expect([counts.flips, counts.scanoutMaps, counts.scanoutUnmaps]).toEqual([30, maps, unmaps]);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.hazards).toEqual([]);
  });

  it("a buffer on two displays is pinned once", () => {
    const rig = new Rig("hard-unpin");
    rig.create(1);
    const { scanout } = rig.driver;
    const bo = rig.bo(1);
    rig.call(scanout?.prepareFb(bo) as never);
    rig.call(scanout?.prepareFb(bo) as never);
    rig.call(scanout?.cleanupFb(bo) as never);
    expect([bo.pins, rig.machine.counts.scanoutUnmaps]).toEqual([1, 0]);
    rig.call(scanout?.cleanupFb(bo) as never);
    expect([bo.pins, rig.machine.counts.scanoutUnmaps]).toEqual([0, 1]);
  });

  it.each([
    ["before", 2, 0],
    ["soft", 2, 0],
    ["mainline", 2, 0],
    ["hard-unpin", 20, 20],
  ])("W4 %s: own dma-bufs, imported anew each frame", (variant, maps, unmaps) => {
    const rig = new Rig(variant);
    const { prime, scanout } = rig.driver;
    rig.create(1);
    rig.create(2);
    const fds = [1, 2].map((bo) => prime?.exportBo(rig.file(0), bo) ?? null);
    for (let i = 0; i < 20; i++) {
      const fd = fds[i % 2] as NonNullable<(typeof fds)[number]>;
      expect(rig.call(prime?.importBo(rig.file(1), fd, 100 + i) as never)).toBe(0);
      const bo = rig.bo(100 + i, 1);
      expect(bo).toBe(fd.bo);
      rig.call(scanout?.prepareFb(bo) as never);
      rig.closeBo(100 + i, 1);
      rig.call(scanout?.cleanupFb(bo) as never);
    }
    const { counts } = rig.machine;
    expect([counts.scanoutMaps, counts.scanoutUnmaps]).toEqual([maps, unmaps]);
    for (const fd of fds) fd?.close();
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.hazards).toEqual([]);
  });

  it("W4: a foreign dma-buf is a new object each time, whatever the rule", () => {
    for (const variant of ["before", "soft", "mainline"]) {
      const rig = new Rig(variant);
      const { scanout } = rig.driver;
      for (let i = 0; i < 5; i++) {
        rig.ask({ op: "prime_import", bo: 100 + i, size: 65536, fresh: true });
        const bo = rig.bo(100 + i);
        rig.call(scanout?.prepareFb(bo) as never);
        rig.closeBo(100 + i);
        rig.call(scanout?.cleanupFb(bo) as never);
      }
      const { counts } = rig.machine;
      expect([variant, counts.scanoutMaps, counts.scanoutUnmaps]).toEqual([variant, 5, 5]);
      expect(rig.finish()).toEqual(NOTHING);
    }
  });

  it("vma_ref keeps the mapping for a handle, a dma-buf or a framebuffer, and for nothing else", () => {
    const rig = new Rig("mainline");
    rig.create(1);
    const bo = rig.bo(1);
    const { prime, scanout } = rig.driver;
    rig.call(scanout?.prepareFb(bo) as never);
    expect(bo.vmaRef).toBe(2);
    const fd = prime?.exportBo(rig.file(), 1);
    rig.call(scanout?.cleanupFb(bo) as never);
    rig.closeBo(1);
    expect([bo.vmaRef, rig.machine.counts.scanoutUnmaps]).toEqual([1, 0]);
    fd?.close();
    rig.machine.settle();
    expect([bo.vmaRef, rig.machine.counts.scanoutUnmaps, bo.refs]).toEqual([0, 1, 0]);
    expect(rig.finish()).toEqual(NOTHING);
  });
});

describe("processes that share", () => {
  function shared(variant: string) {
    const rig = new Rig(variant);
    rig.create(1, 0);
    const fd = rig.driver.prime?.exportBo(rig.file(0), 1);
    rig.call(rig.driver.prime?.importBo(rig.file(1), fd as never, 2) as never);
    fd?.close();
    return rig;
  }

  it.each([
    ["before", false],
    ["soft-pure", false],
    ["soft", true],
    ["mainline", true],
    ["hard-unpin", true],
  ])("W5 %s: the VM of a process that ends goes at once: %s", (variant, atOnce) => {
    const rig = shared(variant);
    rig.submit([2], 1);
    rig.replay.close(1);
    rig.pass(50 * MS);
    const record = rig.machine.vms.find(({ file }) => file === 1);
    expect(record?.freed).toBe(atOnce);
    expect(rig.finish()).toEqual(NOTHING);
    expect(record?.freed).toBe(true);
  });

  it.each([
    ["before", 0],
    ["soft", 10],
    ["mainline", 10],
  ])("W6 %s: closing what another process uses takes %d ms", (variant, ms) => {
    const rig = shared(variant);
    // The closing process has a VM, which never mapped the object.
    rig.create(3, 1);
    rig.ask({ op: "get_iova", bo: 3 }, 1);
    rig.submit([1], 0);
    const began = rig.machine.now;
    rig.closeBo(2, 1);
    expect((rig.machine.now - began) / MS).toBe(ms);
  });

  it("W6: a process without a VM does not wait", () => {
    const rig = shared("mainline");
    rig.submit([1], 0);
    rig.closeBo(2, 1);
    expect(rig.machine.now).toBe(0);
  });

  it("shares one VA per VM, and the object dies with the last of them", () => {
    const rig = shared("mainline");
    rig.submit([1], 0);
    rig.submit([2], 1);
    expect(rig.bo(1).gpuva.length).toBe(2);
    rig.closeBo(2, 1);
    expect(rig.bo(1).gpuva.length).toBe(1);
    expect(rig.finish()).toEqual(NOTHING);
  });
});

describe("W7: the kernel's own objects", () => {
  it.each(["mainline", "hard-unpin", "hard-retire", "soft", "before"])(
    "%s: gone with their pin",
    (variant) => {
      const rig = new Rig(variant);
      const bo: Bo = rig.call(rig.driver.kernelBos?.create(4096, "kernel") as never);
      rig.call(rig.driver.kernelBos?.put(bo, "kernel") as never);
      expect(bo?.refs).toBe(0);
      expect(rig.finish()).toEqual(NOTHING);
    },
  );

  it("mainline: a pin in the display's VM that vma_ref does not count has no event", () => {
    const rig = new Rig("mainline");
    const bo: Bo = rig.call(rig.driver.kernelBos?.create(4096, "scanout") as never);
    rig.call(rig.driver.kernelBos?.put(bo, "scanout") as never);
    expect(bo.refs).toBe(1);
    expect(rig.finish()).toMatchObject({ bos: 1, vas: 1, vms: 1 });
  });
});

describe("W13: a process ends with submits queued", () => {
  it.each([
    ["mainline", 20, 0],
    ["before", 20, 0],
    ["vm-bind", 8, 12],
  ])("%s: %d of 20 run", (variant, executed, emptied) => {
    const rig = new Rig(variant);
    if (variant === "vm-bind") rig.vmBind();
    rig.create(1);
    if (variant === "vm-bind") rig.bind([{ bo: 1, va: 2 ** 32 }]);
    for (let i = 0; i < 20; i++) rig.submit(variant === "vm-bind" ? [] : [1]);
    rig.replay.close(0);
    expect(rig.finish()).toEqual(NOTHING);
    expect(rig.driver.ringCounts()).toEqual({ executed, emptied });
    expect(rig.machine.counts.gpuJobs).toBe(executed);
  });
});

describe("W14: two handles to one object", () => {
  it.each([
    ["mainline", false],
    ["soft", false],
    ["before", true],
    ["soft-pure", true],
  ])("%s: closing one keeps the address: %s", (variant, keeps) => {
    const rig = new Rig(variant);
    rig.create(1);
    rig.ask({ op: "get_iova", bo: 1 });
    rig.call(rig.driver.prime?.openAgain?.(rig.file(), 1, 2) as never);
    rig.submit([1]);
    rig.pass(20 * MS);
    rig.closeBo(2);
    expect(rig.driver.iovaOf(rig.file(), 1) !== null).toBe(keeps);
    // Something else takes the place.
    rig.create(3);
    rig.ask({ op: "get_iova", bo: 3 });
    rig.submit([1]);
    expect(rig.hazards).toEqual(keeps ? [] : ["gpu-fault"]);
    expect(rig.finish()).toEqual(NOTHING);
  });
});

describe("hard-retire", () => {
  it("leaks what got an address and was never submitted", () => {
    const rig = new Rig("hard-retire");
    rig.create(1);
    rig.ask({ op: "get_iova", bo: 1 });
    rig.closeBo(1);
    expect(rig.finish()).toMatchObject({ bos: 1, vas: 1, vms: 1 });
  });

  it("keeps the mapping while another request uses it", () => {
    const rig = new Rig("hard-retire");
    rig.create(1);
    rig.submit([1]);
    rig.submit([1]);
    rig.pass(10 * MS);
    expect(rig.bo(1).gpuva.length).toBe(1);
    rig.pass(10 * MS);
    expect(rig.bo(1).gpuva.length).toBe(0);
  });
});
