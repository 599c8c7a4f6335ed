/** Where a function has what it captures. */
const CAPTURES: unique symbol = Symbol("captures");

/** What a function captures of the calls around it. */
export interface Captures {
  /** Which function of the source it is. */
  readonly site: number;
  /** Whether any of the variables is assigned more than once. */
  readonly mutable: boolean;
  /** The variables now, in a fixed order. */
  readonly values: () => readonly unknown[];
}

interface Holder {
  [CAPTURES]?: Captures;
}

/** A function, or an object with methods, that captures variables. */
export function captures<T extends object>(
  holder: T,
  site: number,
  mutable: boolean,
  values: () => readonly unknown[],
): T {
  Object.defineProperty(holder, CAPTURES, { value: { site, mutable, values } satisfies Captures });
  return holder;
}

/** What a function or the methods of an object capture; undefined: nothing. */
export function capturesOf(holder: object): Captures | undefined {
  return (holder as Holder)[CAPTURES];
}
