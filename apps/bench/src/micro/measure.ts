import { Checksum } from "./checksum.ts";
import { CoreSubject } from "./core-subject.ts";
import { bytesInUse, peakRss } from "./memory.ts";
import type { MicroMode } from "./subject.ts";
import { runWorkload, type Workload } from "./workload.ts";

/** What was measured of one workload. */
export interface MicroResult {
  readonly work: Workload;
  readonly mode: MicroMode;
  /** Nanoseconds per op of each run, ascending. */
  readonly ns: readonly number[];
  readonly steps: number;
  /** Mappings at the end. */
  readonly live: number;
  readonly checksum: string;
  /** Null where it was not asked for. */
  readonly full: string | null;
  /** Bytes per live mapping after a forced collection, over those of an empty VM. */
  readonly bytesPerVa: number;
  /** Peak resident bytes of the process so far. */
  readonly peakRss: number;
}

/** How to measure. */
export interface MicroPlan {
  readonly works: readonly Workload[];
  readonly mode: MicroMode;
  /** Rounds; each runs every workload once. */
  readonly runs: number;
  /** Also computes the full checksum, in a run of its own. */
  readonly full: boolean;
  /** Milliseconds; default: of the wall clock. */
  readonly clock?: () => number;
  /** Awaited after each run of the core: something that takes turns with it. */
  readonly beside?: (work: Workload) => Promise<void>;
}

/** Told before each run: how many are over, and what comes. */
export type OnRun = (done: number, what: string) => void;

const now = (): number => performance.now();

/** A workload with no more than so many mappings and operations. */
function atMost(work: Workload, n: number, ops: number): Workload {
  return { ...work, n: Math.min(work.n, n), ops: Math.min(work.ops, ops) };
}

/** Milliseconds in which each kind of workload is warmed up. */
const WARM_MS = 600;

/**
 * Runs each kind of workload until the compiler is done with it: short runs, so that functions are compiled as wholes,
 * not only their running loops, and between them large ones, which go where small ones do not: what is compiled
 * without having been there is thrown away when it gets there.
 *
 * @returns what each kind was last run on. As long as it is kept the compiler's knowledge is: V8 forgets the layout of
 * objects of which none is left, and throws away what was compiled for it.
 */
function warmUp(plan: MicroPlan, onRun: OnRun): CoreSubject[] {
  const kinds = new Map<string, Workload>();
  for (const work of plan.works) {
    const known = kinds.get(work.case);
    if (known === undefined || known.n < work.n) kinds.set(work.case, work);
  }
  const kept: CoreSubject[] = [];
  for (const work of kinds.values()) {
    const from = now();
    onRun(0, `warming up ${work.case}`);
    do {
      for (let i = 0; i < 20; i++) warm(plan.mode, atMost(work, 300, 2000));
      warm(plan.mode, atMost(work, 100_000, 20_000));
    } while (now() - from < WARM_MS);
    kept.push(warm(plan.mode, atMost(work, 300, 2000)));
  }
  return kept;
}

function warm(mode: MicroMode, work: Workload): CoreSubject {
  const subject = new CoreSubject(mode, new Checksum(false));
  runWorkload(subject, work, now);
  return subject;
}

/** Measures the core: every workload once per round. */
export async function measureCore(plan: MicroPlan, onRun: OnRun): Promise<MicroResult[]> {
  const clock = plan.clock ?? now;
  const kept = warmUp(plan, onRun);
  let done = 0;
  const ns = plan.works.map((): number[] => []);
  const last = plan.works.map((): Omit<MicroResult, "work" | "mode" | "ns" | "full"> | null => null);
  for (let run = 1; run <= plan.runs; run++) {
    for (const [i, work] of plan.works.entries()) {
      onRun(done++, nameOf(work));
      const subject = new CoreSubject(plan.mode, new Checksum(false));
      const timed = runWorkload(subject, work, clock);
      (ns[i] as number[]).push(timed.ns / timed.ops);
      if (run === plan.runs) last[i] = summary(subject);
      await plan.beside?.(work);
    }
  }
  kept.length = 0;
  return plan.works.map((work, i) => ({
    work,
    mode: plan.mode,
    ns: (ns[i] as number[]).sort((a, b) => a - b),
    full: plan.full ? fullSum(plan, work) : null,
    ...(last[i] as NonNullable<(typeof last)[number]>),
  }));
}

function summary(subject: CoreSubject): Omit<MicroResult, "work" | "mode" | "ns" | "full"> {
  const { sum } = subject;
  const live = subject.live();
  const before = bytesWith(subject);
  subject.release();
  return {
    steps: sum.steps,
    live,
    checksum: sum.short,
    bytesPerVa: (before - bytesWith(subject)) / live,
    peakRss: peakRss(),
  };
}

/** A function of its own, as a caller that had the VM in a register would keep it. */
function bytesWith(subject: CoreSubject): number {
  return bytesInUse() + subject.vm.sharedBytes;
}

function fullSum(plan: MicroPlan, work: Workload): string {
  const subject = new CoreSubject(plan.mode, new Checksum(true));
  runWorkload(subject, work, now);
  return subject.sum.full;
}

/** `replace, 10,000 mappings`. */
export function nameOf(work: Workload): string {
  return `${work.case}, ${work.n.toLocaleString("en")} mappings`;
}

/** The middle of ascending values. */
export function median(ascending: readonly number[]): number {
  const half = ascending.length >> 1;
  const upper = ascending[half] as number;
  return ascending.length % 2 === 1 ? upper : ((ascending[half - 1] as number) + upper) / 2;
}
