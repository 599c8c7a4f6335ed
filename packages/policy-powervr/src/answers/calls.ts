import { type Errno, type Steps, Task } from "@gpuvm/core";
import { type Machine, Thread } from "@gpuvm/drm-model";

/** How long the recorder waited for a call, and how long it took until it had told that the call waits. */
const PATIENCE_NS = 2.5e9;
const TOLD_NS = 5.3e9;

/** Calls of programs; one that waits goes on while others are asked. */
export class Calls {
  readonly machine: Machine;
  /** Calls that wait, by the number of their request. */
  readonly waiting: Map<number, Thread<Errno>> = new Map();
  /** The number of the request that is answered now. */
  request = 0;
  /** The call that is answered now has to wait for longer than the recorder did. */
  blocked: string | null = null;

  /** No calls. */
  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Runs a call; null: it waits, and goes on later. */
  begin(steps: Steps<Errno>): Errno | null {
    const { machine } = this;
    const thread = new Thread(new Task(`call ${this.request}`), steps);
    const patience = machine.now + PATIENCE_NS;
    this.#run(thread);
    while (!thread.done && machine.timers.next <= patience) {
      machine.advanceTo(machine.timers.next);
      this.#run(thread);
    }
    if (thread.done) return thread.result ?? 0;
    this.blocked = thread.waitsFor;
    this.waiting.set(this.request, thread);
    machine.advanceTo(patience - PATIENCE_NS + TOLD_NS);
    return null;
  }

  /** Calls that wait go on, as far as they can. @returns those that are over: number and answer */
  goOn(): { i: number; ret: Errno }[] {
    const over: { i: number; ret: Errno }[] = [];
    for (let again = true; again; ) {
      again = false;
      this.machine.settle();
      for (const [i, thread] of this.waiting) {
        if (!thread.ready()) continue;
        again = true;
        this.#run(thread);
        if (!thread.done) continue;
        this.waiting.delete(i);
        over.push({ i, ret: thread.result ?? 0 });
      }
    }
    return over;
  }

  /** Runs a call until it is over, or can't go on although every worker had its turn. */
  #run(thread: Thread<Errno>): void {
    const { machine } = this;
    const before = machine.dev.current;
    do {
      while (!thread.done && thread.ready()) thread.step(machine.dev);
      machine.dev.current = before;
      if (!thread.done) machine.settle();
    } while (!thread.done && thread.ready());
  }
}
