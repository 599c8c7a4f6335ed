import { performance } from "node:perf_hooks";
import { visibleLine } from "@gpuvm/drm-model";
import { count } from "@gpuvm/results/units";

/** How a progress line counts. */
export interface ProgressOptions {
  /** How much there is to do; NaN where nobody knows, as in a pipe. */
  readonly total: number;
  /** What is counted, such as `replays`; may be empty where the numbers have units. */
  readonly unit: string;
  /** How an amount is written; default: `1,234`. */
  readonly format?: (n: number) => string;
}

/** One line on a terminal's standard error, rewritten at most ten times a second; nothing elsewhere. */
export class Progress {
  #options: ProgressOptions;
  readonly #live: boolean;
  readonly #began = performance.now();
  #last = 0;

  /** Nothing is done yet. */
  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#live = process.stderr.isTTY === true && process.env["TERM"] !== "dumb";
  }

  /** `done` of the total is done; `what` goes on. A total that is known only now is taken from here on. */
  show(done: number, what: string, total?: number): void {
    if (total !== undefined) this.#options = { ...this.#options, total };
    const now = performance.now();
    if (!this.#live || now - this.#last < 100) return;
    this.#last = now;
    const width = process.stderr.columns ?? 80;
    const line = progressLine(this.#options, done, (now - this.#began) / 1000, what);
    process.stderr.write(`\r\x1b[2K${visibleLine(line).slice(0, width - 1)}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#live) process.stderr.write("\r\x1b[2K");
  }
}

/** `12/50 replays, 3/s, 13 s left: what`; without a total there is no end to foretell. */
export function progressLine(
  { total, unit, format = count }: ProgressOptions,
  done: number,
  seconds: number,
  what: string,
): string {
  const named = unit === "" ? "" : ` ${unit}`;
  const amount = Number.isNaN(total) ? format(done) : `${format(done)}/${format(total)}`;
  const rate = done / seconds;
  if (done <= 0 || seconds <= 0) return `${amount}${named}: ${what}`;
  const speed = `${rate >= 10 || format !== count ? format(rate) : rate.toFixed(1)}/s`;
  const left = Number.isNaN(total) ? "" : `, ${duration((total - done) / rate)} left`;
  return `${amount}${named}, ${speed}${left}: ${what}`;
}

/** `12 s`, `3 min`, `2.5 h`. */
function duration(seconds: number): string {
  const s = Math.max(0, Math.ceil(seconds));
  if (s < 120) return `${s} s`;
  return s < 7200 ? `${Math.round(s / 60)} min` : `${(s / 3600).toFixed(1)} h`;
}
