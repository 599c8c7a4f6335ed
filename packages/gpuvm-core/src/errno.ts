/**
 * The kernel's error numbers, as positive constants. Functions return them negated, as the kernel does:
 * `return -EINVAL`. 0 is success.
 *
 * @packageDocumentation
 */

/** Operation not permitted (`EPERM`). */
export const EPERM = 1;
/** No such entry (`ENOENT`). */
export const ENOENT = 2;
/** No such process: a job was given up with its queue (`ESRCH`). */
export const ESRCH = 3;
/** Interrupted while waiting for a lock (`EINTR`). */
export const EINTR = 4;
/** The device is lost, or the context is at fault (`EIO`). */
export const EIO = 5;
/** More than fits (`E2BIG`). */
export const E2BIG = 7;
/** Try again (`EAGAIN`). */
export const EAGAIN = 11;
/** Out of memory (`ENOMEM`). */
export const ENOMEM = 12;
/** Busy (`EBUSY`). The core itself never returns it. */
export const EBUSY = 16;
/** The range is taken (`EEXIST`). */
export const EEXIST = 17;
/** No such device; the debugfs dump of a VM that has no name any more (`ENODEV`). */
export const ENODEV = 19;
/** Invalid argument (`EINVAL`). */
export const EINVAL = 22;
/** No space left (`ENOSPC`). */
export const ENOSPC = 28;
/** Broken pipe: a VM that became unusable (`EPIPE`). */
export const EPIPE = 32;
/** Back off and lock in another order (`EDEADLK`). */
export const EDEADLK = 35;
/** Function not implemented (`ENOSYS`). */
export const ENOSYS = 38;
/** No data: the request needs no work (`ENODATA`). */
export const ENODATA = 61;
/** Timer expired (`ETIME`). */
export const ETIME = 62;
/** Operation not supported (`EOPNOTSUPP`). */
export const EOPNOTSUPP = 95;
/** It took too long (`ETIMEDOUT`). */
export const ETIMEDOUT = 110;
/** This ticket already holds the lock (`EALREADY`). */
export const EALREADY = 114;
/** Cancelled (`ECANCELED`). */
export const ECANCELED = 125;

/** 0, or one of the constants of this file negated. */
export type Errno = number;

const NAMES: ReadonlyMap<number, string> = new Map([
  [EPERM, "EPERM"],
  [ENOENT, "ENOENT"],
  [ESRCH, "ESRCH"],
  [EINTR, "EINTR"],
  [EIO, "EIO"],
  [E2BIG, "E2BIG"],
  [EAGAIN, "EAGAIN"],
  [ENOMEM, "ENOMEM"],
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
