import { type DrmDevice, type Errno, type Steps, Task } from "@gpuvm/core";
import { type Machine, Thread } from "@gpuvm/drm-model";

/** One stop of a call that is stepped by hand. */
export interface Stop {
  /** `lock`, `wait`, `alloc`, `publish`, `preempt`, or `done`. */
  readonly kind: string;
  /** The kernel function. */
  readonly label: string;
}

/** A call of a program that somebody steps through by hand: it stops before each lock, wait and allocation. */
export class Actor {
  /** The program's name. */
  readonly name: string;
  /** Where it stopped, oldest first. */
  readonly stops: Stop[] = [];
  readonly #thread: Thread<Errno>;
  readonly #machine: Machine;

  /** A call that has not begun. */
  constructor(machine: Machine, name: string, steps: Steps<Errno>) {
    this.name = name;
    this.#machine = machine;
    this.#thread = new Thread(new Task(name), steps);
  }

  /** It returned. */
  get done(): boolean {
    return this.#thread.done;
  }

  /** What it answered, once it is done. */
  get answer(): Errno | undefined {
    return this.#thread.result;
  }

  /** It can take a step now. */
  get ready(): boolean {
    return !this.#thread.done && this.#thread.ready();
  }

  /** Takes one step; it must be {@link Actor.ready}. */
  step(): Stop {
    return this.#step(this.#machine.dev);
  }

  /** Goes on until a stop at which `until` holds, or to the end; where it must wait, workers and time go on. */
  run(until: (stop: Stop) => boolean = () => false): void {
    const { dev } = this.#machine;
    while (!this.#thread.done) {
      while (!this.#thread.ready()) this.#wait();
      const stop = this.#step(dev);
      if (until(stop)) return;
    }
  }

  #step(dev: DrmDevice): Stop {
    const before = dev.current;
    this.#thread.step(dev);
    dev.current = before;
    const { kind, label } = dev.point;
    const stop = this.#thread.done ? { kind: "done", label: "" } : { kind, label };
    this.stops.push(stop);
    return stop;
  }

  #wait(): void {
    const machine = this.#machine;
    machine.settle();
    if (this.#thread.ready()) return;
    if (machine.timers.size === 0) {
      throw new RangeError(`${this.name} waits for ${this.#thread.waitsFor}, and nothing can bring it about`);
    }
    machine.advanceTo(machine.timers.next);
  }
}
