/** One line of the log that the preloaded library writes: an object whose keys are those of the trace, with raw GEM handles for buffers. */
export interface LogLine {
  /** Nanoseconds of CLOCK_MONOTONIC. */
  readonly t: number;
  readonly op: string;
  /** The DRM file, numbered from 1 on in the order of their opening. */
  readonly f?: number;
  readonly [key: string]: unknown;
}

/** The line, or undefined where it is none. */
export function parseLogLine(text: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const line = value as LogLine;
    return typeof value === "object" &&
      value !== null &&
      typeof line.t === "number" &&
      typeof line.op === "string"
      ? line
      : undefined;
  } catch {
    return undefined;
  }
}

/** JSON of what a line holds. Integers above 2^53 are multiples of a page, which a double holds, but JSON.stringify shortens. */
export function json(value: unknown): string {
  if (typeof value === "number")
    return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString();
  if (Array.isArray(value)) return `[${value.map(json).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const pairs = Object.entries(value).map(([key, v]) => `${JSON.stringify(key)}:${json(v)}`);
    return `{${pairs.join(",")}}`;
  }
  return JSON.stringify(value);
}
