import { describe, expect, it } from "vitest";
import { DmaFence, DrmDevice, DrmGemObject, USAGE_BOOKKEEP, USAGE_READ, USAGE_WRITE } from "../src/index.ts";

function resv() {
  const dev = new DrmDevice();
  const { resv } = new DrmGemObject(dev, { size: 4096 });
  const dropped: DmaFence[] = [];
  resv.onDrop = (fence) => dropped.push(fence);
  const add = (fence: DmaFence, usage: number) => {
    resv.acquire(dev.current);
    resv.reserve(1);
    resv.addFence(fence, usage);
    resv.release(dev.current);
  };
  return { resv, dropped, add };
}

describe("what leaves a dma_resv", () => {
  it("a fence whose place a later one of its timeline takes", () => {
    const { dropped, add } = resv();
    const [first, second] = [new DmaFence(1, 1), new DmaFence(1, 2)];
    add(first, USAGE_READ);
    add(second, USAGE_WRITE);
    expect(dropped).toEqual([first]);
  });

  it("fences that have signalled, when room is made", () => {
    const { resv: it, dropped, add } = resv();
    const fences = [1, 2, 3].map((context) => new DmaFence(context, 1));
    for (const fence of fences) add(fence, USAGE_READ);
    fences[0]?.signal();
    fences[2]?.signal();
    expect(dropped).toEqual([]);
    const next = new DmaFence(4, 1);
    add(next, USAGE_READ);
    expect(dropped).toEqual([fences[0], fences[2]]);
    expect(it.visible(USAGE_BOOKKEEP).map(({ fence }) => fence)).toEqual([fences[1], next]);
  });

  it("a look for a usage sees the lower ones, too, signalled or not", () => {
    const { resv: it, add } = resv();
    const [write, read, bookkeep] = [1, 2, 3].map((context) => new DmaFence(context, 1));
    add(write as DmaFence, USAGE_WRITE);
    add(read as DmaFence, USAGE_READ);
    add(bookkeep as DmaFence, USAGE_BOOKKEEP);
    read?.signal();
    expect(it.visible(USAGE_WRITE).map(({ fence }) => fence)).toEqual([write]);
    expect(it.visible(USAGE_READ).map(({ fence }) => fence)).toEqual([write, read]);
    const seen: [DmaFence, number][] = [];
    it.each(USAGE_READ, (fence, usage) => seen.push([fence, usage]));
    expect(seen).toEqual([
      [write, USAGE_WRITE],
      [read, USAGE_READ],
    ]);
  });
});

describe("a dma_resv that forgets", () => {
  function held() {
    const dev = new DrmDevice();
    dev.quarantine = true;
    const { resv } = new DrmGemObject(dev, { size: 4096 });
    resv.acquire(dev.current);
    const release = () => {
      resv.release(dev.current);
      resv.acquire(dev.current);
    };
    return { resv, release };
  }

  it("forgets those that have signalled: what is added comes last, and nobody sees them", () => {
    const { resv: it, release } = held();
    const [first, second, third] = [1, 2, 3].map((context) => new DmaFence(context, 1)) as [
      DmaFence,
      DmaFence,
      DmaFence,
    ];
    it.reserve(2);
    it.addFence(first, USAGE_READ);
    it.addFence(second, USAGE_READ);
    first.signal();
    expect(it.visible(USAGE_BOOKKEEP).map(({ fence }) => fence)).toEqual([second]);
    release();
    it.reserve(1);
    it.addFence(third, USAGE_READ);
    expect(it.visible(USAGE_BOOKKEEP).map(({ fence }) => fence)).toEqual([second, third]);
  });

  it("has room for as many as were asked for, whether older ones have signalled or not", () => {
    for (const signalled of [false, true]) {
      const { resv: it, release } = held();
      const old = new DmaFence(1, 1);
      it.reserve(1);
      it.addFence(old, USAGE_READ);
      release();
      if (signalled) old.signal();
      it.reserve(1);
      expect(it.room).toBe(1);
      it.addFence(new DmaFence(2, 1), USAGE_READ);
      expect(() => it.addFence(new DmaFence(3, 1), USAGE_READ)).toThrow("NO_FENCE_SLOT");
    }
  });

  it("gives the room of a fence back that was added under the same lock and has signalled", () => {
    const { resv: it } = held();
    const first = new DmaFence(1, 1);
    it.reserve(1);
    it.addFence(first, USAGE_READ);
    expect(it.room).toBe(0);
    first.signal();
    expect(it.room).toBe(1);
    it.addFence(new DmaFence(2, 1), USAGE_READ);
    expect(it.room).toBe(0);
  });
});
