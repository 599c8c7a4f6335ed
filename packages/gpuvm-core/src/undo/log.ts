/** Puts back what a write has overwritten. */
export type Undo = (target: never, old: never) => void;

const targets: unknown[] = [];
const keys: (PropertyKey | Undo)[] = [];
const olds: unknown[] = [];
let size = 0;
let on = false;
let stamp = 1;

/** Writes between two marks: more is a step that comes to no end. */
const MOST = 2 ** 18;

let most = MOST;

/** Code writes for ever, and comes to no stop. */
export class Endless extends Error {
  /** Says so. */
  constructor() {
    super(`a step that has written ${MOST} times comes to no end`);
    this.name = "Endless";
  }
}

/** Whether writes are logged now. */
export function logging(): boolean {
  return on;
}

/** Writes are logged from now on, or no longer. Whatever was logged before is forgotten. */
export function setLogging(wanted: boolean): void {
  for (let i = 0; i < size; i++) {
    targets[i] = null;
    olds[i] = null;
  }
  size = 0;
  most = MOST;
  stamp++;
  on = wanted;
}

/** Where the log stands: what is written from now on can be taken back with {@link undo}. */
export function mark(): number {
  most = size + MOST;
  stamp++;
  return size;
}

/** Changes with each mark and each undo: what was noted under this number need not be noted again. */
export function era(): number {
  return stamp;
}

/** Everything is as it was at a mark. */
export function undo(to: number): void {
  for (let i = size - 1; i >= to; i--) {
    const key = keys[i] as PropertyKey | Undo;
    if (typeof key === "function") key(targets[i] as never, olds[i] as never);
    else (targets[i] as Record<PropertyKey, unknown>)[key] = olds[i];
    targets[i] = null;
    olds[i] = null;
  }
  size = to;
  most = size + MOST;
  stamp++;
}

/** What was written to since a mark, in order; the same thing may come more than once. */
export function written(from: number, visit: (target: unknown) => void): void {
  for (let i = from; i < size; i++) visit(targets[i]);
}

/** Notes what is overwritten. @throws Endless if a step writes for ever @internal */
export function note(target: unknown, key: PropertyKey | Undo, old: unknown): void {
  if (size >= most) {
    // Whoever catches it has something to write, too.
    most += MOST;
    throw new Endless();
  }
  targets[size] = target;
  keys[size] = key;
  olds[size++] = old;
}
