/** What every event has. */
export interface RequestBase {
  /** Nanoseconds since the first event; never goes back. */
  readonly t: number;
  /** The DRM file (one `open` of the device node) that the call was made on. 0 when the program used one only. */
  readonly f: number;
}
