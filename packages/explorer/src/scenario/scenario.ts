import { ERESTARTSYS, type Errno, type Point, type Steps, type TaskContext } from "@gpuvm/core";
import {
  type Driver,
  type DriverOptions,
  type DriverVariant,
  type DrmFile,
  type GpuFaults,
  type Machine,
  type MachineOptions,
  Process,
  type Request,
} from "@gpuvm/drm-model";

/** The run that a scenario is in, as its functions see it. */
export interface ScenarioRun {
  /** Where it runs. */
  readonly machine: Machine;
  /** The driver. */
  readonly driver: Driver;
  /** Open files by number. */
  readonly files: Map<number, DrmFile>;
  /** Files whose program was killed. */
  readonly killed: Set<number>;
  /** The actors, then the kernel's workers: where each stands. */
  readonly slots: readonly {
    /** Null: a worker. */
    readonly actor: Actor | null;
    /** Where its call stopped: the kernel function; empty: it is not under way. */
    readonly stop: string;
    /** What its call stopped for; null: it is not under way. */
    readonly waits: Pick<Point, "lock" | "fence" | "until"> | null;
  }[];
  /** What each actor's calls returned, so far. */
  readonly results: readonly (readonly unknown[])[];
  /** For the scenario's own use. */
  readonly bag: Map<string, unknown>;
  /** The file with a number; opened when first named. */
  file(id: number): DrmFile;
  /** The last descriptor of a file goes. */
  closeFile(id: number): Steps<void>;
  /** Whether an actor is in a call on a file. */
  calls(file: number): boolean;
  /** A call without interleaving, for setups: it must answer 0. */
  must(file: number, ...requests: Ask[]): void;
}

/** One thing that an actor does: a uAPI call, or a step inside of the kernel. */
export interface Call {
  /** Shown in counterexamples: `VM_BIND map bo1 @0x1000`. */
  readonly label: string;
  /** Begins it. */
  readonly run: (world: ScenarioRun) => Steps<unknown>;
  /** The file whose program makes it; absent: the kernel, or nobody who can be killed. */
  readonly file?: number;
  /** It is there to be refused; a kind of call that each schedule sees refused is reported otherwise. */
  readonly refused?: true;
}

/** A thread of a program, a shrinker, a second process: calls in order. */
export interface Actor {
  /** Column title in counterexamples. */
  readonly name: string;
  /** What it does. */
  readonly calls: readonly Call[];
  /** Which rules apply to it; default `process`. */
  readonly context?: TaskContext;
}

/**
 * A few actors, each with a short list of calls, on one machine with one driver. The driver's own code is what runs.
 *
 * # Invariants
 * The same scenario run with the same choices goes through the same states: nothing in it may depend on chance, on the
 * clock, or on what an earlier run left behind.
 */
export interface Scenario {
  /** Short and unique in its collection: `close-vs-submit`. */
  readonly name: string;
  /** What it is about, in one sentence. */
  readonly about: string;
  /** The driver. */
  readonly variant: DriverVariant;
  /** How the driver is run; its defects, above all. */
  readonly options?: DriverOptions;
  /** How the machine is made; default: audit and lock checks on. */
  readonly machine?: MachineOptions;
  /** What was done before, without interleaving. */
  readonly setup?: (world: ScenarioRun) => void;
  /** Who acts. */
  readonly actors: readonly Actor[];
  /** Asked when everybody is done and before the files are closed: what is wrong, or null. */
  readonly check?: (world: ScenarioRun) => string | null;
  /** Asked when files are closed and the driver is gone: what is wrong, or null. */
  readonly checkAtEnd?: (world: ScenarioRun) => string | null;
  /** Interesting states, each of which must be reached by some schedule; asked after each step. */
  readonly sometimes?: Readonly<Record<string, (world: ScenarioRun) => boolean>>;
  /** Failures that are injected into one schedule unless something else is asked for; default: none. */
  readonly failures?: number;
  /** The uAPI promises that calls look atomic: every outcome must be that of some order of whole calls. */
  readonly atomic?: boolean;
  /** A call is over when it returns: whenever nobody is in one, the page tables say what the trees say. */
  readonly settles?: boolean;
  /** Kinds of violation that are of the program's making here, each with the reason in words; default: none. */
  readonly allow?: Readonly<Record<string, string>>;
}

/** A request without the fields that the explorer fills in: its time and its file. */
export type Ask = Request extends infer R ? (R extends Request ? Omit<R, "t" | "f"> : never) : never;

/** A uAPI call on a file, as an actor's call; `label` default: the request in short. */
export function ask(file: number, request: Ask, label: string = describeAsk(request)): Call {
  const full = { ...request, t: 0, f: file } as Request;
  const run = (world: ScenarioRun) =>
    world.killed.has(file) ? notMade() : world.driver.ioctl(world.file(file), full);
  return { label, file, run };
}

/** The end of a file, as an actor's call. */
export function closeFile(file: number): Call {
  return { label: `close file ${file}`, run: (world) => world.closeFile(file) };
}

/** The program of a file exits (`PF_EXITING`): its waits have limits. Its threads make no call at that time. */
export function exitProgram(file: number): Call {
  return {
    label: `the program of file ${file} exits`,
    file,
    *run(world) {
      const open = world.file(file);
      yield* exitMemory(world, open.process);
      open.ending = "exit";
      yield* world.closeFile(file);
    },
  };
}

/**
 * SIGKILL for the program of a file. Calls of its other threads end where signals end their wait, or when they are over; those
 * that they had still to make are not made. Then the file is closed.
 */
export function killProgram(file: number): Call {
  return {
    label: `kill the program of file ${file}`,
    *run(world) {
      const open = world.file(file);
      const { dev } = world.machine;
      open.process.killed = true;
      world.killed.add(file);
      if (dev.waitsUntil(() => !world.calls(file), "do_exit")) yield dev.point;
      yield* exitMemory(world, open.process);
      open.ending = "kill";
      yield* world.closeFile(file);
    },
  };
}

/** A program's memory goes before its files do (`exit_mm`): whoever has parts of it mapped for a GPU is told. */
function* exitMemory({ machine }: ScenarioRun, { memory }: Process): Steps<void> {
  memory.gone = true;
  if (memory.notifiers.size > 0) yield* memory.invalidate(machine, 0, Number.POSITIVE_INFINITY, "unmap");
}

/** The program of a file unmaps a range of its own memory. */
export function munmap(file: number, start: number, bytes: number): Call {
  return userMemory(`munmap 0x${start.toString(16)}`, file, (memory, machine) =>
    memory.invalidate(machine, start, start + bytes, "unmap"),
  );
}

/** Pages of a program's own memory are migrated, or swapped out: others come with the next touch. */
export function migratePages(file: number, start: number, bytes: number): Call {
  return userMemory(`pages at 0x${start.toString(16)} are migrated`, file, (memory, machine) =>
    memory.invalidate(machine, start, start + bytes, "replace"),
  );
}

function userMemory(
  label: string,
  file: number,
  fn: (memory: Process["memory"], machine: Machine) => Steps<void>,
): Call {
  return {
    label,
    file,
    *run(world) {
      yield* fn(world.file(file).process.memory, world.machine);
      return 0;
    },
  };
}

/** What the dead do not ask. */
function* notMade(): Steps<Errno> {
  return -ERESTARTSYS;
}

/** Somebody reads what a file uses, as an actor's call. */
export function readFdinfo(file: number): Call {
  return { label: "read fdinfo", run: (world) => world.driver.fdinfo?.(world.file(file)) ?? nothing() };
}

/** The shrinker, as an actor's call. */
export function shrink(bytes: number): Call {
  return {
    label: `shrink ${bytes >> 12} pages`,
    *run(world) {
      return (yield* world.driver.shrink?.(bytes) ?? nothing()) as Errno;
    },
  };
}

/** The job at hand, or else the next, never ends: what the driver does then is explored. */
export function hangGpu(): Call {
  return gpuCall("the GPU hangs", (gpu) => gpu.hang());
}

/** The job at hand meets an address that leads nowhere, and goes on. */
export function faultGpu(): Call {
  return gpuCall("the GPU meets an address that leads nowhere", (gpu) => gpu.fault?.());
}

function gpuCall(label: string, fn: (gpu: GpuFaults) => void): Call {
  return {
    label,
    *run({ driver }) {
      const { gpu, policy } = driver;
      if (gpu === undefined) throw new Error(`${policy.driver} does not say what it does when the GPU hangs`);
      fn(gpu);
      return 0;
    },
  };
}

/** The program that made the calls on a file has ended and is no more; the file lives on with another. */
export function handOver(file: number): Call {
  return {
    label: `the program is gone, another has file ${file}`,
    *run(world) {
      const open = world.file(file);
      open.process.gone = true;
      open.process = new Process();
      return 0;
    },
  };
}

function* nothing(): Steps<number> {
  return 0;
}

/** A request in a few words. */
export function describeAsk(request: Ask): string {
  if (request.op === "vm_bind") {
    const ops = request.ops.map((op) => {
      const bo = op.bo === 0 ? "" : ` bo ${op.bo}`;
      return `${op.kind}${bo} @0x${op.va.toString(16)}+0x${op.length.toString(16)}`;
    });
    return `vm_bind ${ops.join(", ")}`;
  }
  const parts: string[] = [request.op];
  if ("bo" in request && request.bo !== undefined) parts.push(`bo ${request.bo}`);
  if ("vm" in request && request.vm !== undefined) parts.push(`vm ${request.vm}`);
  if ("queue" in request && request.queue !== undefined) parts.push(`queue ${request.queue}`);
  if ("bos" in request && request.bos !== null) parts.push(`[${request.bos.join(", ")}]`);
  return parts.join(" ");
}
