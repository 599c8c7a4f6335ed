import { type Errno, errnoName, type Steps, Task } from "@gpuvm/core";
import {
  type Driver,
  type DrmFile,
  type Hazard,
  type LeftBehind,
  leftBehind,
  Machine,
  type Request,
  Thread,
} from "@gpuvm/drm-model";
import { auditVms } from "../properties/audit.ts";
import { leaks } from "../properties/leaks.ts";
import type { LockOrder } from "../properties/lock-order.ts";
import { auditCounts, entriesSettled, everythingDone, stillCounted } from "../properties/settled.ts";
import { ofError, ofHazard, type Violation } from "../properties/violation.ts";
import type { Watch } from "../reduction/watch.ts";
import { type Ask, describeAsk, type Scenario, type ScenarioRun } from "../scenario/scenario.ts";
import { actorOf, type Choice, failOf, TIME } from "./choice.ts";
import { refuseUntransformed } from "./in-place.ts";
import { FIRST_TIME, FIRST_VAS } from "./numbers.ts";
import { Slot } from "./slot.ts";

/** A worker that gets no turn before this many steps is one that never ends. */
const FINISH_STEPS = 10_000;

/** One run of a scenario: the machine, and everybody who can take the next step. */
export class World implements ScenarioRun {
  /** What runs. */
  readonly scenario: Scenario;
  /** Where. */
  readonly machine: Machine;
  /** The driver. */
  readonly driver: Driver;
  /** Open files by number. */
  readonly files: Map<number, DrmFile> = new Map();
  /** The actors, then the workers in the order of their first work. */
  readonly slots: Slot[] = [];
  /** Files whose program was killed. */
  readonly killed: Set<number> = new Set();
  /** See {@link World.results}: for those to whom it decides nothing. @internal */
  readonly returned: readonly unknown[][];
  /** For the scenario's own use. */
  readonly bag: Map<string, unknown> = new Map();
  /** The first property found violated, or null. */
  violation: Violation | null = null;
  /** Fallible steps that the last step came to. */
  fallible = 0;
  /** Names of these, oldest first; kept only on demand. */
  fallibleNames: string[] | null = null;
  /** What the machine had before a file was open. */
  readonly baseline: LeftBehind;
  #again = false;
  #failAt = 0;
  #noticed = 0;
  readonly #byLabel = new Map<string, Slot>();
  readonly #irq = new Task("hardware", "atomic");

  /** Notes what each step touches, or null. @internal */
  readonly watch: Watch | null;
  /** Told when somebody asks what calls returned. @internal */
  readonly asked: () => void;

  /**
   * A run at its beginning: the setup is done. `orders` is told of the locks that it takes, from the start, `watch` of
   * what its steps touch. `firstVas`: where the numbers of each VM's mappings begin. `asked` is told when somebody asks what
   * calls returned.
   */
  constructor(
    scenario: Scenario,
    orders: LockOrder | null = null,
    watch: Watch | null = null,
    firstVas: readonly number[] = FIRST_VAS,
    asked: () => void = () => {},
  ) {
    this.scenario = scenario;
    this.asked = asked;
    this.watch = watch;
    this.machine = new Machine(scenario.machine ?? { audit: true, lockdep: true, watch: true });
    this.machine.dev.firstVas = firstVas;
    this.machine.now = FIRST_TIME;
    // The circles of a search are those of all its runs together.
    if (orders !== null && this.machine.dev.lockdep !== null) {
      this.machine.dev.lockdep.tellsAll = true;
      orders.watch(this.machine);
    }
    this.driver = scenario.variant.start(this.machine, scenario.options);
    this.machine.settle();
    this.baseline = leftBehind(this.machine);
    const { dev } = this.machine;
    dev.quarantine = true;
    // Those that the driver has made by itself.
    for (const { vm } of this.machine.vms) vm.vas.quarantine = true;
    dev.failAlloc = (what) => {
      this.fallibleNames?.push(what);
      return ++this.fallible === this.#failAt;
    };
    this.returned = scenario.actors.map(() => []);
    for (const actor of scenario.actors) {
      this.slots.push(new Slot(actor.name, actor, actor.context ?? "process"));
    }
    try {
      scenario.setup?.(this);
    } catch (error) {
      this.violation = error instanceof SetupBroken ? error.violation : ofError(error, "setup");
    }
    this.#look();
    dev.stepping = true;
    watch?.adopt([this.driver, this.files, this.bag, this.machine], 0);
  }

  /** What each actor's calls returned. To who never asks two states are one that differ in this alone. */
  get results(): readonly (readonly unknown[])[] {
    this.asked();
    return this.returned;
  }

  /** The file with a number; opened when first named. */
  file(id: number): DrmFile {
    let file = this.files.get(id);
    if (file === undefined) {
      file = this.driver.open(id);
      this.files.set(id, file);
    }
    return file;
  }

  /** A uAPI call. */
  *ioctl(file: number, request: Ask): Steps<Errno> {
    const open = this.file(file);
    return yield* this.driver.ioctl(open, { ...request, t: 0, f: file } as Request);
  }

  /** The last descriptor of a file goes. */
  *closeFile(id: number): Steps<void> {
    const file = this.files.get(id);
    if (file === undefined) return;
    this.files.delete(id);
    yield* this.driver.release(file);
    file.closed = true;
  }

  /** Whether an actor is in a call on a file. */
  calls(file: number): boolean {
    return this.slots.some(
      ({ actor, thread, begun }) => thread !== null && actor?.calls[begun - 1]?.file === file,
    );
  }

  /** A call without interleaving, for setups: it must answer 0. */
  must(file: number, ...requests: Ask[]): void {
    for (const request of requests) {
      const before = this.machine.hazards.length;
      const ret = this.machine.call(this.ioctl(file, request));
      const broken = this.machine.hazards[before];
      if (broken !== undefined) throw new SetupBroken(request.op, broken);
      if (ret !== 0)
        throw new Error(`the setup's ${describeAsk(request)} answered ${errnoName(ret as Errno)}`);
    }
  }

  /** Whether an actor or worker, or time, can take a step. */
  enabled(actor: number): boolean {
    if (actor === TIME) return this.machine.timers.size > 0;
    return this.slots[actor]?.ready() ?? false;
  }

  /** Everybody who can take a step, in a fixed order; time last. */
  enabledAll(): number[] {
    const out: number[] = [];
    for (let i = 0; i < this.slots.length; i++) if ((this.slots[i] as Slot).ready()) out.push(i);
    if (this.machine.timers.size > 0) out.push(TIME);
    return out;
  }

  /** Takes a step: the chosen one goes on to its next stop. */
  step(choice: Choice): void {
    const { machine } = this;
    const actor = actorOf(choice);
    this.fallible = 0;
    this.#failAt = failOf(choice);
    if (this.fallibleNames !== null) this.fallibleNames.length = 0;
    try {
      if (actor === TIME) this.#time();
      else this.#go(this.slots[actor] as Slot, actor);
    } catch (error) {
      this.violation ??= ofError(error, actor === TIME ? "time" : (this.slots[actor] as Slot).name);
    }
    this.#failAt = 0;
    while (machine.pending.length > 0) this.#adopt();
    if (!this.#again) this.#look();
  }

  /** Takes steps that were taken before, in another run, and in which nothing was found. */
  replay(choices: readonly Choice[]): void {
    this.#again = true;
    for (const choice of choices) this.step(choice);
    this.#again = false;
  }

  /** Goes on behind a violation, as a kernel does that does not notice: what was found is not found again. */
  goOn(): void {
    this.violation = null;
    this.#noticed = this.machine.hazards.length;
  }

  /** Whether everybody is done. If nobody can go on and this is false, it is a deadlock. */
  get done(): boolean {
    return this.slots.every((slot) => slot.idle);
  }

  /**
   * Nobody can go on: asks for deadlocks, then lets everything end as it does when a program ends, and asks what was
   * left behind. The run is over afterwards.
   */
  finish(): Violation | null {
    if (this.violation !== null) return this.violation;
    if (!this.done) return this.#deadlock();
    const { machine, scenario, driver } = this;
    try {
      const wrong = scenario.check?.(this) ?? null;
      if (wrong !== null) return this.#fail("wrong", wrong);
      this.violation = everythingDone(machine);
      if (this.violation !== null) return this.violation;
      machine.dev.stepping = false;
      for (const [id, file] of [...this.files]) {
        this.files.delete(id);
        machine.call(driver.release(file));
        file.closed = true;
      }
      machine.quiesce();
      this.#look();
      this.violation ??= leaks(machine, this.baseline, "every file is closed");
      if (this.#allowed()) this.violation = null;
      if (this.violation !== null) return this.violation;
      machine.call(driver.unload());
      machine.quiesce();
      this.#look();
      this.violation ??= leaks(machine, null, "the driver is gone") ?? stillCounted(machine);
      if (this.#allowed()) this.violation = null;
      const late = this.violation === null ? (scenario.checkAtEnd?.(this) ?? null) : null;
      if (late !== null) return this.#fail("wrong", late);
    } catch (error) {
      this.violation ??= ofError(error, "the end");
    }
    return this.violation;
  }

  #allowed(): boolean {
    const { violation, scenario } = this;
    return violation !== null && scenario.allow?.[violation.kind] !== undefined;
  }

  #fail(kind: string, message: string): Violation {
    this.violation = { kind, message };
    return this.violation;
  }

  #deadlock(): Violation {
    const stuck = this.slots
      .filter((slot) => !slot.idle)
      .map((slot) => `${slot.name} waits for ${slot.thread?.waitsFor}`);
    return this.#fail("deadlock", stuck.join("; "));
  }

  #time(): void {
    const { machine } = this;
    const timer = machine.timers.pop();
    if (timer === undefined) throw new Error("nothing is due");
    machine.dev.current = this.#irq;
    this.watch?.begin(true);
    try {
      if (timer.at > machine.now) machine.now = timer.at;
      timer.fn(timer);
    } finally {
      this.watch?.end();
    }
  }

  #go(slot: Slot, index: number): void {
    const { machine } = this;
    const { dev } = machine;
    const thread = slot.thread ?? this.#begin(slot);
    slot.thread = thread;
    this.watch?.begin(slot.actor === null);
    try {
      if (this.watch !== null) this.#waited(slot, this.watch);
      thread.step(dev);
    } finally {
      this.watch?.end();
    }
    if (!thread.done) {
      const { point } = dev;
      slot.waits = { lock: point.lock, fence: point.fence, until: point.until };
      slot.stop = point.label;
      return;
    }
    slot.thread = null;
    slot.waits = null;
    slot.stop = "";
    this.#leavesLocked(thread.task);
    if (slot.actor === null) return;
    (this.returned[index] as unknown[]).push(thread.result);
    if (this.scenario.settles === true && !this.#again) this.#settled();
  }

  /** What the step does before its first line: the works that it takes up, the lock or fence that it waited for. */
  #waited(slot: Slot, watch: Watch): void {
    if (slot.actor === null && slot.waits === null) watch.queue(slot.name);
    if (slot.waits !== null) watch.waitedFor(slot.waits.lock, slot.waits.fence, slot.waits.until);
  }

  /** A call has returned: if nobody is in another one, page tables and trees agree. */
  #settled(): void {
    if (this.slots.some((slot) => slot.actor !== null && slot.thread !== null)) return;
    const busy = this.slots.some((slot) => slot.thread !== null);
    this.violation ??= entriesSettled(this.machine, false, busy);
  }

  /** Nobody gives back a lock that a call has returned with. */
  #leavesLocked(task: Task): void {
    const lock = task.held[0];
    if (lock === undefined) return;
    this.violation ??= {
      kind: "lock-rule",
      message: `${task.name} is done, and still holds ${task.held.map((held) => held.name).join(", ")}`,
    };
  }

  #begin(slot: Slot): Thread {
    if (slot.actor === null) {
      const work = slot.queue.shift();
      if (work === undefined) throw new Error(`${slot.name} has nothing to do`);
      const thread = this.machine.startWork(work);
      refuseUntransformed(thread.steps, work.label);
      slot.task = thread.task;
      return thread;
    }
    const call = slot.actor.calls[slot.begun++];
    if (call === undefined) throw new Error(`${slot.name} has nothing to do`);
    const steps = call.run(this);
    refuseUntransformed(steps, call.label);
    return new Thread(slot.task, steps);
  }

  #adopt(): void {
    const work = this.machine.pending.shift();
    if (work === undefined) return;
    let slot = this.#byLabel.get(work.label);
    if (slot === undefined) {
      slot = new Slot(work.label, null, work.context);
      this.#byLabel.set(work.label, slot);
      this.slots.push(slot);
    }
    slot.queue.push(work);
    this.watch?.queue(work.label);
  }

  #look(): void {
    if (this.violation !== null) return;
    const { hazards } = this.machine;
    const { allow } = this.scenario;
    const hazard = hazards.find(({ kind }, i) => i >= this.#noticed && allow?.[kind] === undefined);
    this.violation =
      hazard === undefined ? (auditVms(this.machine) ?? auditCounts(this.machine)) : ofHazard(hazard);
  }
}

/** A call of a setup broke a rule. */
class SetupBroken extends Error {
  readonly violation: Violation;
  constructor(op: string, { kind, detail }: Hazard) {
    super(detail);
    // What an error of the core was, if it was one: `main: LOCK_NOT_HELD: ...`.
    const code = /^[^:]*: ([A-Z][A-Z_]+): /.exec(detail)?.[1];
    this.violation = { kind: code ?? kind, message: `setup: ${op}: ${detail}` };
  }
}

/** Runs a schedule; choices that are not possible are left out, and the rest goes on in a fixed order. */
export function runLoosely(
  scenario: Scenario,
  choices: readonly Choice[],
): { world: World; taken: Choice[] } {
  const world = new World(scenario);
  const taken: Choice[] = [];
  for (const choice of choices) {
    if (world.violation !== null) break;
    if (!world.enabled(actorOf(choice))) continue;
    world.step(choice);
    taken.push(choice);
  }
  for (let last = 0, n = 0; world.violation === null && n < FINISH_STEPS; n++) {
    const all = world.enabledAll();
    if (all.length === 0) break;
    last = all.includes(last) ? last : (all[0] as number);
    world.step(last);
    taken.push(last);
  }
  world.finish();
  return { world, taken };
}
