import { describe, expect, it } from "vitest";
import { Bo, DrmFile, LowestFree, Machine } from "../src/index.ts";

describe("LowestFree", () => {
  it("gives the lowest number that is free, and tells names in the order of numbers", () => {
    const numbers = new LowestFree();
    for (const name of [10, 20, 30, 40]) numbers.take(name);
    numbers.release(30);
    numbers.release(10);
    expect(numbers.names()).toEqual([20, 40]);
    for (const name of [50, 60, 70]) numbers.take(name);
    expect(numbers.names()).toEqual([50, 20, 60, 40, 70]);
  });

  it("gives a name that has none nothing back", () => {
    const numbers = new LowestFree();
    numbers.take(1);
    numbers.release(2);
    numbers.take(3);
    expect(numbers.names()).toEqual([1, 3]);
  });
});

describe("the end of a file", () => {
  it("closes handles by their number, which is the lowest that was free, and not by age", () => {
    const machine = new Machine();
    const freed: number[] = [];
    const file = new DrmFile(machine, 0);
    const open = (handle: number) => file.publish(handle, new Bo(machine, { size: 4096 * handle }));
    machine.dev.onFree = (what) => freed.push((what as Bo).size / 4096);
    for (const handle of [1, 2, 3]) open(handle);
    machine.call(file.close(2, null));
    open(4);
    machine.call(file.closeAll(null));
    expect(freed).toEqual([2, 1, 4, 3]);
  });
});
