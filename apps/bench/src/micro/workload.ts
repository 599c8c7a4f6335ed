import { modulo, XorShift32 } from "./random.ts";
import type { Subject } from "./subject.ts";

/** The cases, in the order of the tables. */
export const CASES = ["insert", "hole", "replace", "split", "churn", "find", "find-miss", "iterate"] as const;

/** A case of the micro-benchmark. */
export type MicroCase = (typeof CASES)[number];

/** Bytes of a slot. */
const SLOT = 65536;
/** Maps of a batch of `hole`. */
const BATCH = 1000;
/**
 * Operations of one call of a loop, an even number. A loop that is called once in a run is compiled while it runs, and what was
 * compiled so is soon forgotten: some processes then compiled theirs anew in each run.
 */
const CHUNK = 500;

/** Which sequence of requests. */
export interface Workload {
  readonly case: MicroCase;
  /** Live mappings. */
  readonly n: number;
  /** Operations asked for. */
  readonly ops: number;
  readonly seed: number;
}

/** What a run took. */
export interface Timed {
  /** Nanoseconds of the timed part. */
  readonly ns: number;
  /** Operations counted in it. */
  readonly ops: number;
}

/** Runs one case on an empty subject; `now` is a clock in milliseconds. */
export function runWorkload(subject: Subject, work: Workload, now: () => number): Timed {
  const { n, ops, seed } = work;
  const slots = new Uint32Array(n);
  const a = new XorShift32(seed);
  const b = new XorShift32(seed + 1000);
  subject.sum.reset();
  const start = now();
  populate(subject, slots, a);
  if (work.case === "insert") return timed(start, now, n);
  subject.sum.reset();
  if (work.case === "hole") return hole(subject, ops, a, now);
  const from = now();
  if (work.case === "iterate") return timed(from, now, iterate(subject, n, ops));
  const loop = LOOPS[work.case];
  const run: Run = { subject, slots, a, b, misses: 0 };
  for (let j = 0; j < ops; j += CHUNK) loop(run, j, Math.min(j + CHUNK, ops));
  if (work.case === "find-miss") subject.sum.take(run.misses);
  const pairs = work.case === "split" || work.case === "churn";
  return timed(from, now, pairs ? ops - (ops % 2) : ops);
}

/** What the operations of a run go on with. */
interface Run {
  readonly subject: Subject;
  /** The slots that are mapped. */
  readonly slots: Uint32Array;
  readonly a: XorShift32;
  readonly b: XorShift32;
  /** Looks that found nothing. */
  misses: number;
}

/** The operations `[from, to)` of a run. */
type Loop = (run: Run, from: number, to: number) => void;

const LOOPS: Readonly<Record<Exclude<MicroCase, "insert" | "hole" | "iterate">, Loop>> = {
  replace,
  split,
  churn,
  find,
  "find-miss": findMiss,
};

function timed(from: number, now: () => number, ops: number): Timed {
  return { ns: (now() - from) * 1e6, ops };
}

function setSlot(subject: Subject, s: number): void {
  const { request } = subject;
  request.addr = s * SLOT;
  request.range = SLOT;
}

function mapSlot(subject: Subject, s: number): void {
  const { request } = subject;
  setSlot(subject, s);
  request.obj = subject.objects[1 + (s & 63)];
  request.offset = (s >>> 6) * SLOT;
  subject.map();
}

function populate(subject: Subject, slots: Uint32Array, a: XorShift32): void {
  for (let i = 0; i < slots.length; i++) {
    const s = a.next();
    slots[i] = s;
    mapSlot(subject, s);
  }
}

/** Maps into holes; what was mapped is taken away again, untimed. */
function hole(subject: Subject, ops: number, a: XorShift32, now: () => number): Timed {
  const batch = new Uint32Array(BATCH);
  let ms = 0;
  let done = 0;
  for (; done < ops; done += BATCH) {
    const from = now();
    populate(subject, batch, a);
    ms += now() - from;
    for (let i = 0; i < BATCH; i++) {
      setSlot(subject, batch[i] as number);
      subject.unmap();
    }
  }
  return { ns: ms * 1e6, ops: done };
}

/** Maps another object over a whole mapping. */
function replace({ subject, slots, b }: Run, from: number, to: number): void {
  const { request } = subject;
  for (let j = from; j < to; j++) {
    const s = slots[modulo(b.next(), slots.length)] as number;
    setSlot(subject, s);
    request.obj = subject.objects[1 + ((s + j) & 63)];
    request.offset = (s >>> 6) * SLOT;
    subject.map();
  }
}

/** Maps another object into the middle of a mapping, then the whole again over the three pieces. */
function split({ subject, slots, b }: Run, from: number, to: number): void {
  const { request } = subject;
  for (let j = from; j + 1 < to; j += 2) {
    const s = slots[modulo(b.next(), slots.length)] as number;
    request.addr = s * SLOT + SLOT / 4;
    request.range = SLOT / 2;
    request.obj = subject.objects[1 + ((s + 1) & 63)];
    request.offset = (s >>> 6) * SLOT;
    subject.map();
    mapSlot(subject, s);
  }
}

/** Takes a mapping away and makes another elsewhere. */
function churn({ subject, slots, a, b }: Run, from: number, to: number): void {
  for (let j = from; j + 1 < to; j += 2) {
    const i = modulo(b.next(), slots.length);
    setSlot(subject, slots[i] as number);
    subject.unmap();
    const s = a.next();
    slots[i] = s;
    mapSlot(subject, s);
  }
}

function find({ subject, slots, b }: Run, from: number, to: number): void {
  const { request } = subject;
  for (let j = from; j < to; j++) {
    const r = b.next();
    request.addr = (slots[modulo(r, slots.length)] as number) * SLOT + (r >>> 28) * 4096;
    request.range = 4096;
    subject.find();
  }
}

function findMiss(run: Run, from: number, to: number): void {
  const { subject, a } = run;
  for (let j = from; j < to; j++) {
    setSlot(subject, a.next());
    if (!subject.find()) run.misses++;
  }
}

function iterate(subject: Subject, n: number, ops: number): number {
  const passes = Math.max(1, Math.floor(ops / n));
  subject.walk(passes);
  return passes * (n + 1);
}
