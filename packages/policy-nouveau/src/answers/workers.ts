import type { Machine, Thread, Work } from "@gpuvm/drm-model";

/**
 * What workers do: run jobs of binds, give jobs back and clean up, or either for EXECs, whose scheduler has a queue of its
 * own. Each goes on while another one sleeps.
 */
export type Lane = "run" | "free" | "channel";

/** A lane; or whoever was there first. */
export type Turn = Lane | "first";

/** All lanes. */
export const LANES: readonly Lane[] = ["run", "free", "channel"];

/** What goes on while a call sleeps. */
export interface Asleep {
  /** Whose workers go on first; null: who was there first. */
  readonly first: Lane | null;
  /** The call goes on only when no worker can. */
  readonly late: boolean;
}

/** Kernel workers, one step at a time. Each lane's work is done in the order in which it was queued. */
export class Workers {
  readonly #machine: Machine;
  readonly #running: Partial<Record<Lane, Thread<void>>> = {};
  readonly #blocked: [Lane, Thread<void>][] = [];

  /** Who goes on first in {@link Workers.step}; null: who was there first. */
  first: Lane | null = null;
  /** Who slept goes on only when no worker can. */
  late = false;

  /** Of a machine. */
  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** One step of whoever was there first; false: nobody can go on. */
  step(): boolean {
    if (this.first !== null && this.stepOf(this.first)) return true;
    const begun = LANES.find((lane) => this.#running[lane] !== undefined);
    const next = this.#machine.pending.first;
    const first = begun ?? (next === undefined ? "run" : laneOf(next));
    return this.stepOf(first) || LANES.some((lane) => lane !== first && this.stepOf(lane));
  }

  /** One step of a lane's worker; false: it has nothing to do, or has to wait. */
  stepOf(lane: Turn): boolean {
    if (lane === "first") return this.step();
    const thread = this.#awake(lane) ?? this.#running[lane] ?? this.#begin(lane);
    if (thread === undefined) return false;
    delete this.#running[lane];
    if (thread.ready()) this.#advance(thread);
    if (thread.done) return true;
    if (thread.ready()) this.#running[lane] = thread;
    else this.#blocked.push([lane, thread]);
    return true;
  }

  /** A worker that had to wait, and need not any more. */
  #awake(lane: Lane): Thread<void> | undefined {
    const at = this.#blocked.findIndex(([of, thread]) => of === lane && thread.ready());
    return at < 0 || this.#running[lane] !== undefined ? undefined : this.#blocked.splice(at, 1)[0]?.[1];
  }

  /** The next work of a lane. While a worker sleeps, nobody begins the same work for the same scheduler. */
  #begin(lane: Lane): Thread<void> | undefined {
    const { pending } = this.#machine;
    const asleep = new Set(this.#blocked.map(([, { task }]) => task.name));
    const at = pending.findIndex((work) => laneOf(work) === lane && !asleep.has(work.label));
    return at < 0 ? undefined : this.#machine.startWork(pending.takeAt(at) as Work);
  }

  #advance(thread: Thread<void>): void {
    const { dev } = this.#machine;
    const before = dev.current;
    thread.step(dev);
    dev.current = before;
  }
}

function laneOf({ label }: Work): Lane {
  if (label.startsWith("channel ")) return "channel";
  return label.endsWith(" run_job") ? "run" : "free";
}
