import { ENOENT, ENOMEM, type Steps } from "@gpuvm/core";
import type { Driver } from "@gpuvm/drm-model";
import { expect, it } from "vitest";
import type { PanthorMmaps } from "../src/index.ts";
import { Bench, MIB } from "./bench.ts";

function mapped() {
  const bench = new Bench();
  bench.ask({ op: "vm_create", vm: 1 });
  bench.ask({ op: "gem_new", bo: 1, size: MIB });
  const { mmaps } = bench.replay.driver as Driver & { readonly mmaps: PanthorMmaps };
  const call = (steps: Steps<number>) => bench.machine.call(() => steps);
  const touch = () => call(mmaps.touch(bench.file(), 1));
  const unmap = () => call(mmaps.unmap(bench.file(), 1));
  expect(call(mmaps.map(bench.file(), 1))).toBe(0);
  return { bench, bo: bench.bo(1), touch, unmap };
}

function clean(bench: Bench): void {
  bench.finish();
  expect(bench.machine.hazards).toEqual([]);
  expect(bench.references()).toEqual([]);
}

it("a CPU mapping holds its object, not the pages: a fault brings them, memory pressure takes them, a fault again", () => {
  const { bench, bo, touch, unmap } = mapped();
  expect([bo.refs, bo.pages]).toEqual([2, "none"]);
  expect([touch(), bo.pages, bo.reclaimState]).toEqual([0, "resident", "mmapped"]);
  expect([bench.shrink(MIB), bo.pages, bo.touched]).toEqual([MIB, "evicted", false]);
  expect([touch(), bo.pages, bo.touched]).toEqual([0, "resident", true]);
  expect([unmap(), bo.refs, bo.reclaimState]).toEqual([0, 1, "unused"]);
  expect([unmap(), touch()]).toEqual([-ENOENT, -ENOENT]);
  clean(bench);
});

it("pages that a CPU fault brought back are there for the GPU at the next submit", () => {
  const { bench, bo, touch } = mapped();
  bench.bind(1, false, { bo: 1, va: 0, length: MIB });
  bench.ask({ op: "queue_new", queue: 1, vm: 1 });
  bench.shrink(MIB);
  touch();
  expect([bo.pages, bench.ptes(1)]).toEqual(["resident", []]);
  expect(bench.ask({ op: "exec", queue: 1, push: [[0x1000, 64, 0]] })).toBe(0);
  expect(bench.ptes(1).length).toBe(1);
  clean(bench);
});

it("a fault without memory fails, and changes nothing", () => {
  const { bench, bo, touch } = mapped();
  bench.machine.dev.failAlloc = (what) => what === "panthor pages";
  expect([touch(), bo.pages, bo.touched]).toEqual([-ENOMEM, "none", false]);
  bench.machine.dev.failAlloc = null;
  clean(bench);
});

it("a program that closes a handle unmaps it before, and one that ends unmaps everything", () => {
  const { bench, bo } = mapped();
  expect(bench.ask({ op: "gem_close", bo: 1 })).toBe(0);
  expect(bo.refs).toBe(0);
  bench.ask({ op: "gem_new", bo: 2, size: MIB });
  expect(bench.ask({ op: "cpu_map", bo: 2 })).toBe(0);
  const other = bench.bo(2);
  bench.replay.close(0);
  expect(other.refs).toBe(0);
  clean(bench);
});
