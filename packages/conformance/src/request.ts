/** A line that asks something: its members as they were read. */
export type Request = Readonly<Record<string, unknown>>;

/** A line that is not what the format allows; the reader adds file and number. */
export class BadLine extends Error {}

/** A request as read, or a {@link BadLine}. */
export function parseLine(text: string): Request {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BadLine(`not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new BadLine("not an object");
  return value as Request;
}

/** A line that asks something of the core: it says what with `op`. */
export function opLine(line: Request): Request & { readonly op: string } {
  const { op } = line as { op?: unknown };
  if (typeof op !== "string") throw new BadLine("op is missing");
  return line as Request & { op: string };
}

const HEX = /^0x(?:0|[1-9a-f][0-9a-f]{0,15})$/;

/** An unsigned 64-bit member. */
export function u64(request: Request, key: string): bigint {
  const value = request[key];
  if (typeof value !== "string" || !HEX.test(value)) {
    throw new BadLine(`${key} is ${show(value)}, not 0x and up to 16 lower-case hexadecimal digits`);
  }
  return BigInt(value);
}

/** A whole number in `[min, max]`. */
export function int(
  request: Request,
  key: string,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const value = request[key];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
    throw new BadLine(`${key} is ${show(value)}, not a whole number in [${min}, ${max}]`);
  }
  return value;
}

/** True or false; a missing member is `otherwise`, if that is given. */
export function bool(request: Request, key: string, otherwise?: boolean): boolean {
  const value = request[key] === undefined ? otherwise : request[key];
  if (typeof value !== "boolean") throw new BadLine(`${key} is ${show(value)}, not true or false`);
  return value;
}

function show(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value);
}
