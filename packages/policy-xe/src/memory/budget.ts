/** Bytes of a place that objects may have, and how many they have. */
export class Budget {
  /** Bytes; Infinity: as many as anybody wants. */
  readonly size: number;
  /** Bytes that somebody has. */
  used = 0;

  /** Nobody has any. */
  constructor(size: number) {
    this.size = size;
  }

  /** Takes bytes, if that many are free. */
  charge(bytes: number): boolean {
    if (this.used + bytes > this.size) return false;
    this.used += bytes;
    return true;
  }

  /** Takes bytes, whether or not they are free (`TTM_PL_FLAG_TEMPORARY`). */
  take(bytes: number): void {
    this.used += bytes;
  }

  /** Gives bytes back. */
  release(bytes: number): void {
    this.used -= bytes;
  }
}
