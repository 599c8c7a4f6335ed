/** One DRM file of a recorded process: which serial each of its handles has. */
export class DrmFile {
  readonly driver: string;
  /** Its number in the trace; set with its first event. */
  index: number | undefined;
  readonly #serials = new Map<number, number>();

  constructor(driver: string) {
    this.driver = driver;
  }

  /** The serial of a handle; 0, for none, is 0. */
  serial(handle: number): number | undefined {
    return handle === 0 ? 0 : this.#serials.get(handle);
  }

  /** The handle stands for this buffer from now on. Returns whether it stood for another. */
  open(handle: number, serial: number): boolean {
    const reused = this.#serials.has(handle);
    this.#serials.set(handle, serial);
    return reused;
  }

  /** The handle stands for nothing any more. */
  close(handle: number): void {
    this.#serials.delete(handle);
  }

  /** `DRM_IOCTL_GEM_CHANGE_HANDLE`. */
  rename(from: number, to: number): void {
    const serial = this.#serials.get(from);
    if (serial === undefined) return;
    this.#serials.delete(from);
    this.#serials.set(to, serial);
  }
}
