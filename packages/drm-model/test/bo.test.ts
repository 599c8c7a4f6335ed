import { describe, expect, it } from "vitest";
import { Bo, Machine } from "../src/index.ts";

describe("the end of an object", () => {
  it("finds pins that are left, and unpins that were one too many, also in the last put", () => {
    for (const [pins, kind] of [
      [1, "leak"],
      [-1, "count-underflow"],
    ] as const) {
      const machine = new Machine();
      const bo = new Bo(machine, { size: 4096 });
      bo.pins = pins;
      bo.put("creator");
      expect(machine.hazards.map((hazard) => hazard.kind)).toEqual([kind]);
    }
  });
});

describe("how an object's memory lies", () => {
  it("is as known of the object, else as the machine says, else as is usual with the driver, else scattered", () => {
    const told = new Machine({ contiguity: 65536 });
    const plain = new Machine();
    const size = 4096;
    expect(new Bo(told, { size, contiguity: 2 ** 21, usualContiguity: 4096 }).contiguity).toBe(2 ** 21);
    expect(new Bo(told, { size, usualContiguity: 4096 }).contiguity).toBe(65536);
    expect(new Bo(plain, { size, usualContiguity: Number.POSITIVE_INFINITY }).contiguity).toBe(Infinity);
    expect(new Bo(plain, { size }).contiguity).toBe(4096);
  });

  it("is a power of two of at least one page", () => {
    const machine = new Machine();
    for (const contiguity of [0, 2048, 12288, Number.NaN])
      expect(() => new Bo(machine, { size: 4096, contiguity })).toThrow(/power of two from 4096 on/);
  });
});
