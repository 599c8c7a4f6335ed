/** One thing that was done on a stage. */
export interface Did {
  /** `A`, `B` for programs; `kernel`, `display`, `everybody`. */
  readonly who: string;
  /** What was done. */
  readonly what: string;
  /** Modelled milliseconds that whoever did it waited for it. */
  readonly waited_ms: number;
}

/** `A` for the file 0. */
export function programName(f: number): string {
  const letter = String.fromCharCode(65 + (f % 26));
  return f < 26 ? letter : `${letter}${Math.floor(f / 26)}`;
}
