import { performance } from "node:perf_hooks";

/** One line on a terminal's standard error, rewritten at most ten times a second; nothing elsewhere. */
export class Progress {
  readonly #total: number;
  readonly #unit: string;
  readonly #live: boolean;
  readonly #began = performance.now();
  #last = 0;

  /** `total` steps of something called `unit`. */
  constructor(total: number, unit: string) {
    this.#total = total;
    this.#unit = unit;
    this.#live = process.stderr.isTTY === true && process.env["TERM"] !== "dumb";
  }

  /** `done` steps are done; `what` goes on. */
  show(done: number, what: string): void {
    const now = performance.now();
    if (!this.#live || now - this.#last < 100) return;
    this.#last = now;
    const seconds = (now - this.#began) / 1000;
    const rate = done / seconds;
    const eta = done === 0 ? "" : `, ${Math.ceil((this.#total - done) / rate)} s left`;
    const text = `${done}/${this.#total} ${this.#unit}${eta}: ${what}`;
    const width = process.stderr.columns ?? 80;
    process.stderr.write(`\r\x1b[2K${text.slice(0, width - 1)}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#live) process.stderr.write("\r\x1b[2K");
  }
}
