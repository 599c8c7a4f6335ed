/** What the firmware has to say of a slot. Queues are bits. */
export class CsgEvents {
  /** A job is done. */
  syncUpdate = false;
  /** Nothing is left to do. */
  idle = false;
  /** There was no progress for too long. */
  progress = false;
  /** Queues that are broken. */
  fatal = 0;
  /** One of them so that only a reset helps (`CS_UNRECOVERABLE`). */
  unrecoverable = false;
  /** Queues whose job at hand is broken. */
  fault = 0;
  /** Queues whose tiler wants memory. */
  oom = 0;

  /** All of it was heard. */
  clear(): void {
    this.syncUpdate = false;
    this.idle = false;
    this.progress = false;
    this.fatal = 0;
    this.unrecoverable = false;
    this.fault = 0;
    this.oom = 0;
  }
}
