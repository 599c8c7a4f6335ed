/**
 * Figures for people: counts, bytes and times in a few digits.
 *
 * @packageDocumentation
 */

/** `12,345` */
export function count(n: number): string {
  return Math.round(n).toLocaleString("en-US");
}

/** `1.2 k`, `3.4 M`: three figures. */
export function short(n: number): string {
  return scaled(n, 1000, ["", " k", " M", " G", " T"]);
}

/** `12 KiB`, `3.4 MiB`. */
export function bytes(n: number): string {
  return n === 0 ? "0" : scaled(n, 1024, [" B", " KiB", " MiB", " GiB", " TiB"]);
}

/** `0`, `1.2 ms`, `3.4 s`, from nanoseconds. */
export function time(ns: number): string {
  return ns === 0 ? "0" : scaled(ns, 1000, [" ns", " us", " ms", " s"]);
}

function scaled(n: number, base: number, units: readonly string[]): string {
  let value = n;
  let at = 0;
  while (Math.abs(value) >= base && at < units.length - 1) {
    value /= base;
    at++;
  }
  const digits = at === 0 || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return `${value.toFixed(digits)}${units[at]}`;
}
