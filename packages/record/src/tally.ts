/** What is not in a trace, counted by kind. */
export class Tally {
  readonly #notes = new Map<string, number>();
  readonly #missing = new Map<string, number>();

  /** Left out, and nothing is wrong with the trace because of it. */
  note(what: string, times = 1): void {
    this.#notes.set(what, (this.#notes.get(what) ?? 0) + times);
  }

  /** Left out, so that the trace is not the whole of what the program did. */
  miss(what: string, times = 1): void {
    this.#missing.set(what, (this.#missing.get(what) ?? 0) + times);
  }

  /** Adds what another has counted. */
  add(other: Tally): void {
    for (const [what, times] of other.#notes) this.note(what, times);
    for (const [what, times] of other.#missing) this.miss(what, times);
  }

  /** Lines such as `3 times: xe MADVISE`, in order of first sight. */
  get notes(): readonly string[] {
    return lines(this.#notes);
  }

  /** As {@link Tally.notes}; any of them makes the trace incomplete. */
  get missing(): readonly string[] {
    return lines(this.#missing);
  }
}

function lines(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].map(([what, times]) => `${times === 1 ? "once" : `${times} times`}: ${what}`);
}
