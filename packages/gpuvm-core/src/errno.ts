/**
 * The kernel's error numbers, as positive constants. Functions return them negated, as the kernel does:
 * `return -EINVAL`. 0 is success.
 *
 * @packageDocumentation
 */

import type { Flavoured } from "./brand.ts";

/** One of the kernel's error numbers, positive. It is no return value: `return EINVAL` does not compile where an {@link Errno} is due. */
export type PositiveErrno = Flavoured<"positive errno">;

/** Operation not permitted (`EPERM`). */
export const EPERM: PositiveErrno = 1;
/** No such entry (`ENOENT`). */
export const ENOENT: PositiveErrno = 2;
/** No such process: a job was given up with its queue (`ESRCH`). */
export const ESRCH: PositiveErrno = 3;
/** Interrupted while waiting for a lock (`EINTR`). */
export const EINTR: PositiveErrno = 4;
/** The device is lost, or the context is at fault (`EIO`). */
export const EIO: PositiveErrno = 5;
/** More than fits (`E2BIG`). */
export const E2BIG: PositiveErrno = 7;
/** Try again (`EAGAIN`). */
export const EAGAIN: PositiveErrno = 11;
/** Out of memory (`ENOMEM`). */
export const ENOMEM: PositiveErrno = 12;
/** Permission denied (`EACCES`). */
export const EACCES: PositiveErrno = 13;
/** Bad address; the model's word for SIGBUS, too (`EFAULT`). */
export const EFAULT: PositiveErrno = 14;
/** Busy (`EBUSY`). The core itself never returns it. */
export const EBUSY: PositiveErrno = 16;
/** The range is taken (`EEXIST`). */
export const EEXIST: PositiveErrno = 17;
/** No such device; the debugfs dump of a VM that has no name any more (`ENODEV`). */
export const ENODEV: PositiveErrno = 19;
/** Invalid argument (`EINVAL`). */
export const EINVAL: PositiveErrno = 22;
/** No space left (`ENOSPC`). */
export const ENOSPC: PositiveErrno = 28;
/** Broken pipe: a VM that became unusable (`EPIPE`). */
export const EPIPE: PositiveErrno = 32;
/** Back off and lock in another order (`EDEADLK`). */
export const EDEADLK: PositiveErrno = 35;
/** Function not implemented (`ENOSYS`). */
export const ENOSYS: PositiveErrno = 38;
/** No data: the request needs no work (`ENODATA`). */
export const ENODATA: PositiveErrno = 61;
/** Timer expired (`ETIME`). */
export const ETIME: PositiveErrno = 62;
/** Operation not supported (`EOPNOTSUPP`). */
export const EOPNOTSUPP: PositiveErrno = 95;
/** It took too long (`ETIMEDOUT`). */
export const ETIMEDOUT: PositiveErrno = 110;
/** This ticket already holds the lock (`EALREADY`). */
export const EALREADY: PositiveErrno = 114;
/** Cancelled (`ECANCELED`). */
export const ECANCELED: PositiveErrno = 125;
/** A signal ended a wait; no program sees it: the call is made again, or the program dies (`ERESTARTSYS`). */
export const ERESTARTSYS: PositiveErrno = 512;

/**
 * What a call answers: 0, or one of the constants of this file negated. A constant that is not negated, a VA
 * and other numbers that have a type of their own do not fit; `-EINVAL` is a bare number to TypeScript, so
 * a bare number does.
 */
export type Errno = Flavoured<"errno">;

/** Whether an answer is an errno, and not what was asked for (`IS_ERR`). */
export function isErr<T>(answer: T | Errno): answer is Errno {
  return (answer as number) < 0;
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [EPERM, "EPERM"],
  [ENOENT, "ENOENT"],
  [EFAULT, "EFAULT"],
  [ERESTARTSYS, "ERESTARTSYS"],
  [ESRCH, "ESRCH"],
  [EINTR, "EINTR"],
  [EIO, "EIO"],
  [E2BIG, "E2BIG"],
  [EAGAIN, "EAGAIN"],
  [ENOMEM, "ENOMEM"],
  [EACCES, "EACCES"],
  [EBUSY, "EBUSY"],
  [EEXIST, "EEXIST"],
  [ENODEV, "ENODEV"],
  [EINVAL, "EINVAL"],
  [ENOSPC, "ENOSPC"],
  [EPIPE, "EPIPE"],
  [EDEADLK, "EDEADLK"],
  [ENOSYS, "ENOSYS"],
  [ENODATA, "ENODATA"],
  [ETIME, "ETIME"],
  [EOPNOTSUPP, "EOPNOTSUPP"],
  [ETIMEDOUT, "ETIMEDOUT"],
  [EALREADY, "EALREADY"],
  [ECANCELED, "ECANCELED"],
]);

/**
 * The kernel's name of a return value: `-22` is `-EINVAL`.
 *
 * @example
 * ```ts
 * import { errnoName } from "@gpuvm/core";
 * console.assert(errnoName(-22) === "-EINVAL" && errnoName(0) === "0");
 * ```
 */
export function errnoName(ret: Errno): string {
  if (ret === 0) return "0";
  const name = NAMES.get(-ret);
  return name === undefined ? String(ret) : `-${name}`;
}
