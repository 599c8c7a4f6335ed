import type { Answer } from "../session.ts";
import { take } from "./left-out.ts";

/** What workers change, as paths with the reason for each: see {@link DriverModel.late}. */
export interface LateFields {
  /** Lists of what happened: `freed`, or `events[tlb]` for one kind of event. */
  readonly events?: Readonly<Record<string, string>>;
  /** What something is now: `bos[].kref`; or `bos[]`: whether an element is there at all, by its first member. */
  readonly states?: Readonly<Record<string, string>>;
}

/**
 * Fields that a driver's workers change, before a call returns or some time after it: which of the two is no rule of the
 * driver. They are taken out of every answer after which workers have something left to do. Events are kept until they
 * have not, and then compared together, in no order: workers have none among each other.
 */
export class Late {
  readonly #events: readonly string[];
  readonly #states: readonly string[];
  /** By path, what the file and the model have said since nothing was under way. */
  #kept: Map<string, { expected: unknown[]; actual: unknown[] }> | null = null;

  /** What is late; nothing is. */
  constructor({ events = {}, states = {} }: LateFields = {}) {
    this.#events = Object.keys(events);
    this.#states = Object.keys(states);
  }

  /** Changes both answers. `settled`: nothing is under way after this one. */
  sort(expected: Answer, actual: Answer, settled: boolean): void {
    if (settled && this.#kept === null) return;
    if (!settled) for (const path of this.#states) drop(expected, actual, path);
    const kept = this.#kept ?? new Map<string, { expected: unknown[]; actual: unknown[] }>();
    for (const path of this.#events) {
      const lists = kept.get(path) ?? { expected: [], actual: [] };
      kept.set(path, lists);
      lists.expected.push(...take(expected, path));
      lists.actual.push(...take(actual, path));
      if (!settled) continue;
      put(expected, path, lists.expected);
      put(actual, path, lists.actual);
    }
    this.#kept = settled ? null : kept;
  }
}

function drop(expected: Answer, actual: Answer, path: string): void {
  if (path.endsWith("[]")) {
    keepCommon(expected, actual, path.slice(0, -2));
    return;
  }
  take(expected, path);
  take(actual, path);
}

/** Leaves only the elements of a list that both answers have. */
function keepCommon(expected: Answer, actual: Answer, name: string): void {
  const [ours, theirs] = [expected[name] ?? [], actual[name] ?? []] as [unknown[], unknown[]];
  const inOurs = new Set(ours.map(identity));
  const inTheirs = new Set(theirs.map(identity));
  expected[name] = ours.filter((element) => inTheirs.has(identity(element)));
  actual[name] = theirs.filter((element) => inOurs.has(identity(element)));
}

function identity(element: unknown): string {
  return JSON.stringify(Object.entries(element as object)[0]);
}

/** Under `late`, so that an answer shows what it was compared with. */
function put(answer: Answer, path: string, list: readonly unknown[]): void {
  if (list.length === 0) return;
  const late = (answer["late"] ?? {}) as Record<string, string[]>;
  answer["late"] = late;
  late[path] = list.map((one) => JSON.stringify(one)).sort();
}
