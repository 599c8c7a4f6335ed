import { describe, expect, it } from "vitest";
import { DrmDevice, DrmGemObject, gpuvmBoObtain, gpuvmBoPut } from "../src/index.ts";
import { newVm } from "./support/driver.ts";

describe("DrmDevice.onFree", () => {
  it("tells of links, objects and VMs in the order in which they are freed", () => {
    const dev = new DrmDevice();
    const freed: string[] = [];
    dev.onFree = (what) => freed.push(what.name);
    const vm = newVm({ ops: { vmFree: () => {} } }, dev);
    const obj = new DrmGemObject(dev, { size: 4096, name: "buffer" });
    obj.resv.acquire(dev.current);
    const vmBo = gpuvmBoObtain(vm, obj, "test");
    obj.put("creator");
    vm.put("creator");
    const names = [vmBo?.name, vm.name, vm.rObj.name];
    gpuvmBoPut(vmBo, "test");
    expect(freed.filter((name) => name !== names[2])).toEqual([names[0], names[1], "buffer"]);
  });
});
