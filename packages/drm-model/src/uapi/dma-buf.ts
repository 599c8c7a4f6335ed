import type { Counted, Holder, Steps } from "@gpuvm/core";
import type { Machine } from "../machine/machine.ts";
import { dropRef, takeRef } from "../machine/references.ts";
import type { Bo } from "../memory/bo.ts";

/** Who holds a dma-buf that a program has a descriptor of. */
const DESCRIPTOR = "descriptor";

/**
 * An exported buffer (`struct dma_buf`): holds its object until its own last reference goes. A program's descriptors hold
 * it, wherever they went; so do the prime tables of files, the exported object itself, and what imported it. Importing it
 * on the device that exported it gives the same object.
 */
export class DmaBuf<B extends Bo = Bo> implements Counted {
  /** The object; counted. */
  readonly bo: B;
  /** Unique on its machine. */
  readonly id: number;
  /** References (`file_count`). */
  refs = 1;
  /** Open descriptors; counted in {@link DmaBuf.refs}. */
  descriptors = 1;
  readonly #machine: Machine;
  readonly #onRelease: ((bo: B) => void) | null;
  readonly #releaseWork: ((bo: B) => Steps<void>) | null;

  /**
   * Exports an object, with one descriptor (`drm_gem_dmabuf_export`, `dma_buf_fd`).
   *
   * @param onRelease the driver's release hook, run before the object is put
   * @param releaseWork the same as a call that may sleep: then the release is put off until the call that put the last
   * reference is over, as `fput` does
   */
  constructor(
    machine: Machine,
    bo: B,
    onRelease: ((bo: B) => void) | null = null,
    releaseWork: ((bo: B) => Steps<void>) | null = null,
  ) {
    this.#machine = machine;
    this.#releaseWork = releaseWork;
    this.id = machine.dev.serial();
    this.bo = bo;
    this.#onRelease = onRelease;
    bo.get(this);
    bo.dmaBufs++;
    machine.memory.adopted(bo);
    machine.dev.ledger?.get(this, DESCRIPTOR);
    if (machine.auditing) machine.note(bo.name, `exported as ${this.name}`);
  }

  /** `dma-buf#4`, for findings. */
  get name(): string {
    return `dma-buf#${this.id}`;
  }

  /** One descriptor more. */
  open(): this {
    this.descriptors++;
    return this.get(DESCRIPTOR);
  }

  /** A descriptor closes; nothing happens if none is open. */
  close(): void {
    if (this.descriptors === 0) return;
    this.descriptors--;
    this.put(DESCRIPTOR);
  }

  /**
   * Takes a reference (`get_dma_buf`).
   *
   * @throws GpuvmError `USE_AFTER_FREE` if there is none left to copy.
   */
  get(holder: Holder): this {
    takeRef(this, this.bo.machine.dev, holder);
    return this;
  }

  /**
   * Drops a reference; the last one lets go of the object (`dma_buf_put`, `drm_gem_dmabuf_release`).
   *
   * @throws GpuvmError `REFCOUNT` if there was none.
   */
  put(holder: Holder): void {
    const { bo } = this;
    if (!dropRef(this, bo.machine.dev, holder)) return;
    bo.dmaBufs--;
    if (!bo.reachable) bo.machine.memory.orphaned(bo);
    const work = this.#releaseWork;
    if (work !== null) {
      fputLater(this.#machine, () => this.#release(work));
      return;
    }
    this.#onRelease?.(bo);
    bo.put(this);
  }

  *#release(work: (bo: B) => Steps<void>): Steps<void> {
    yield* work(this.bo);
    this.bo.put(this);
  }
}

/** Nothing was put yet by a call: most put nothing. */
const NO_WORKS: (() => unknown)[] = [];

/** The last put of a file is done when the system call is over (`fput`, `task_work_add`); outside of one, in a worker. */
function fputLater(machine: Machine, release: () => Steps<void>): void {
  const task = machine.dev.current;
  if (task.works === NO_WORKS) task.works = [release];
  else if (task.works !== null) task.works.push(release);
  else if (machine.options.fputDelayNs === undefined) machine.queueWork("delayed_fput", release);
  else fputDelayed(machine, release, machine.options.fputDelayNs);
}

/** Releases of a machine that wait for the delay to pass. */
const delayed = new WeakMap<Machine, (() => Steps<void>)[]>();

function fputDelayed(machine: Machine, release: () => Steps<void>, ns: number): void {
  const list = delayed.get(machine) ?? [];
  delayed.set(machine, list);
  list.push(release);
  if (list.length > 1) return;
  machine.timers.add(machine.now + ns, () =>
    machine.queueWork("delayed_fput", () => youngestFirst(list.splice(0))),
  );
}

function* youngestFirst(releases: (() => Steps<void>)[]): Steps<void> {
  for (const release of releases.reverse()) yield* release();
}

/** A call of a program: files that it puts are released behind it, the youngest first (`task_work_run`). */
export function* systemCall<T>(machine: Machine, start: () => Steps<T>): Steps<T> {
  const task = machine.dev.current;
  task.works = NO_WORKS;
  try {
    return yield* start();
  } finally {
    const { works } = task;
    task.works = null;
    if (works !== null && works !== NO_WORKS) queueReleases(machine, works as (() => Steps<void>)[]);
  }
}

function queueReleases(machine: Machine, works: (() => Steps<void>)[]): void {
  machine.queueWork("task_work", () => youngestFirst(works));
}
