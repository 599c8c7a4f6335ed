import type { DmaFence } from "@gpuvm/core";
import type { HardwareQueue, PvrHardware } from "../queue/hardware.ts";

interface Given {
  readonly waits: readonly DmaFence[];
  readonly done: () => void;
}

/** A GPU that does jobs when it is told to. */
export class ToldHardware implements PvrHardware {
  readonly given: Map<HardwareQueue, Given[]> = new Map();

  submit(queue: HardwareQueue, waits: readonly DmaFence[], done: () => void): void {
    const list = this.given.get(queue) ?? [];
    this.given.set(queue, list);
    list.push({ waits, done });
  }

  /**
   * Does the first `n` jobs of a queue.
   *
   * @returns how many; -EAGAIN if the first waits for jobs of other queues
   */
  finish(queue: HardwareQueue, n: number): number {
    const list = this.given.get(queue) ?? [];
    for (let done = 0; ; done++) {
      const [next] = list;
      if (done === n || next === undefined) return done;
      if (next.waits.some(({ signaled }) => !signaled)) return done > 0 ? done : -11;
      list.shift();
      next.done();
    }
  }
}
