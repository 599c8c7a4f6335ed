import { describe, expect, it } from "vitest";
import {
  DmaFence,
  DrmDevice,
  DrmGemObject,
  Lockdep,
  USAGE_BOOKKEEP,
  USAGE_READ,
  USAGE_WRITE,
} from "../src/index.ts";

function resv(lockdep = false) {
  const dev = new DrmDevice(lockdep ? { lockdep: new Lockdep() } : {});
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

  it.each([
    ["somebody counts them", false, 3],
    ["lockdep takes the room back at each unlock", true, 3],
  ])("fences that have signalled, when the list is made anew: %s", (_, lockdep, full) => {
    const { resv: it, dropped, add } = resv(lockdep);
    const fences = Array.from({ length: full }, (_, context) => new DmaFence(context, 1));
    for (const fence of fences) add(fence, USAGE_READ);
    fences[0]?.signal();
    fences[2]?.signal();
    expect(dropped).toEqual([]);
    const next = new DmaFence(full, 1);
    add(next, USAGE_READ);
    expect(dropped).toEqual([fences[0], fences[2]]);
    const left = fences.filter(({ signaled }) => !signaled);
    expect(it.visible(USAGE_BOOKKEEP).map(({ fence }) => fence)).toEqual([...left, next]);
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
  });
});
