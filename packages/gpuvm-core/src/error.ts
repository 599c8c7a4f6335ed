/** Stable codes of {@link GpuvmError}. */
export type GpuvmErrorCode =
  | "LOCK_NOT_HELD"
  | "LOCK_HELD"
  | "LOCK_ORDER"
  | "LOCK_CONTEXT"
  | "DEADLOCK"
  | "REFCOUNT"
  | "LEDGER"
  | "USE_AFTER_FREE"
  | "NOT_LINKED"
  | "NO_FENCE_SLOT"
  | "BAD_CALL";

/**
 * A rule of the model was broken: what the kernel would answer with a lockdep splat, a BUG, or silent corruption.
 * Errors that the kernel *returns* are {@link Errno} values instead.
 */
export class GpuvmError extends Error {
  /** Which rule; stable across versions. */
  readonly code: GpuvmErrorCode;
  /** Names of the objects involved. */
  readonly objects: readonly string[];

  /** An error of rule `code` about `objects`; the message says what to do. */
  constructor(code: GpuvmErrorCode, message: string, objects: readonly string[] = []) {
    super(`${code}: ${message}`);
    this.name = "GpuvmError";
    this.code = code;
    this.objects = objects;
  }
}
