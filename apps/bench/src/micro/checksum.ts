const START = 2166136261 | 0;
const PRIME = 16777619;
const PAGES = 1 / 4096;
const LOW = 2 ** 32;

/** What a step did, for the full checksum; made only when that is asked for. */
export interface StepFacts {
  /** `map`, `remap` and `unmap` are 1, 2 and 3. */
  readonly kind: 1 | 2 | 3;
  /** 64-bit values: address, range, then the offset where there is one. */
  readonly addr: number;
  readonly range: number;
  readonly object: number;
  readonly offset: number;
  /** Absent for a map. */
  readonly keep?: boolean;
  /** For a remap: address, range, offset; null: no such piece. */
  readonly pieces?: readonly (readonly [number, number, number] | null)[];
}

/** The two checksums and the step count of a run. */
export class Checksum {
  /** Steps since the last reset. */
  steps = 0;
  /** Whether {@link Checksum.takeFull} is to be called: not while timing. */
  readonly wantsFull: boolean;
  #short = START;
  #full = START;

  /** Empty sums. */
  constructor(wantsFull: boolean) {
    this.wantsFull = wantsFull;
  }

  /** Starts anew. */
  reset(): void {
    this.steps = 0;
    this.#short = START;
    this.#full = START;
  }

  /** Takes a 32-bit value. */
  take(v: number): void {
    this.#short = Math.imul(this.#short ^ v, PRIME);
  }

  /** Takes every field of a step. */
  takeFull(step: StepFacts): void {
    this.#word(step.kind);
    this.#long(step.addr);
    this.#long(step.range);
    this.#word(step.object);
    this.#long(step.offset);
    if (step.keep !== undefined) this.#word(Number(step.keep));
    for (const piece of step.pieces ?? []) {
      this.#word(piece === null ? 0 : 1);
      piece?.forEach((v) => {
        this.#long(v);
      });
    }
  }

  /** The short checksum, as eight hexadecimal digits. */
  get short(): string {
    return digits(this.#short);
  }

  /** The full checksum. */
  get full(): string {
    return digits(this.#full);
  }

  #long(v: number): void {
    this.#word(v % LOW);
    this.#word(Math.floor(v / LOW));
  }

  #word(v: number): void {
    this.#full = Math.imul(this.#full ^ v, PRIME);
  }
}

/** `floor(a / 4096) mod 2^32` as a signed integer. */
export function page(a: number): number {
  return (a * PAGES) | 0;
}

function digits(h: number): string {
  return (h >>> 0).toString(16).padStart(8, "0");
}
