import { expect, it } from "vitest";
import { Fifo, takeFirst } from "../src/index.ts";

it("a queue does what an array does", () => {
  const fifo = new Fifo<number>();
  const array: number[] = [];
  // A fixed sequence of pseudo-random numbers: longer, shorter, and empty now and then.
  let seed = 7;
  const below = (n: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % n;
  };
  for (let i = 0; i < 20_000; i++) {
    const grows = i % 400 < 150;
    const what = below(grows ? 4 : 3);
    const at = array.length === 0 ? 0 : below(array.length);
    if (grows && what > 0) {
      fifo.push(i);
      array.push(i);
    } else if (grows) {
      fifo.insert(at, i);
      array.splice(at, 0, i);
    } else if (what > 0) expect(fifo.shift()).toBe(array.shift());
    else expect(fifo.takeAt(at)).toBe(array.splice(at, 1)[0]);
    expect(fifo.length).toBe(array.length);
    expect(fifo.first).toBe(array[0]);
  }
  expect(array.length).toBe(0);
  for (let i = 0; i < 100; i++) fifo.push(i);
  for (let i = 0; i < 40; i++) fifo.shift();
  expect(fifo.findIndex((item) => item >= 50)).toBe(10);
  expect(fifo.findIndex((item) => item < 40)).toBe(-1);
  expect([fifo.at(0), fifo.at(59), fifo.at(60)]).toEqual([40, 99, undefined]);
});

it("the first of a list is taken as by shift, of a short one and of a long one", () => {
  for (const length of [0, 1, 2, 40]) {
    const list = Array.from({ length }, (_, i) => i);
    const shifted = [...list];
    expect(takeFirst(list)).toBe(shifted.shift());
    expect(list).toEqual(shifted);
  }
});
