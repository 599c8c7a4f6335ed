import { DmaFence } from "@gpuvm/core";
import { GpuEngine, Timer } from "@gpuvm/drm-model";
import { expect, it } from "vitest";
import { Fingerprint, World } from "../src/index.ts";
import { scenario } from "./toy-scenario.ts";

/** What a search knows of a state in which this is all that is special. */
function printOf(make: (world: World) => unknown): string {
  const world = new World(scenario([]));
  world.bag.set("it", make(world));
  const { a, b } = new Fingerprint().take(world);
  return `${a}:${b}`;
}

it("tells apart what waits for its turn on a ring", () => {
  const waiting = (ns: number) =>
    printOf(({ machine }) => {
      const engine = new GpuEngine(machine);
      engine.submit({ fence: new DmaFence(1, 1), after: [new DmaFence(2, 1)], ns });
      return engine;
    });
  expect(waiting(1)).toBe(waiting(1));
  expect(waiting(1)).not.toBe(waiting(2));
});

it("tells timers apart by when they are due, and not by when they were", () => {
  const set = (at: number, fires: boolean) =>
    printOf(({ machine: { timers } }) => {
      const timer = new Timer(() => {});
      timers.set(timer, at);
      if (fires) timers.cancel(timer);
      return timer;
    });
  expect(set(1e6, false)).not.toBe(set(2e6, false));
  expect(set(1e6, true)).toBe(set(2e6, true));
});
