/**
 * The kernel's log: `dmesg`, `journalctl -k`, a serial console. Only the lines on which drivers tell of GPU faults are read
 * (see fault-lines.ts); they are looked up in a trace of binds that is given beside it.
 *
 * ```
 * line = [ "<" N ">" ] [ FACILITY ":" LEVEL ":" ] "[" BLANKS SECONDS "." MICROSECONDS "]" [ HOST " kernel:" ] MESSAGE
 *      | [ DATE HOST " kernel: " ] MESSAGE                             these have no time that a trace could be compared with
 * ```
 */
import { FaultLines } from "./fault-lines.ts";
import type { Imported, Importer } from "./imported.ts";
import { Skipped } from "./skipped.ts";

/** Seconds since boot, as printk writes them. */
const TIME = /^(?:<\d{1,3}>)?(?:[a-z]{1,10} {0,8}:[a-z]{1,10} {0,8}: {0,2})?\[ {0,8}(\d{1,10})\.(\d{6})\] ?/;

/** Makes an importer for one file. */
export function dmesgImporter(_file: string): Importer {
  const skipped = new Skipped();
  const faults = new FaultLines();
  let clock: number | undefined;
  return {
    skipped,
    line(text: string, line: number, out: Imported[]): void {
      const m = TIME.exec(text);
      // Further lines of one message have no time of their own.
      if (m !== null) clock = Number(m[1]) * 1e9 + Number(m[2]) * 1e3;
      else if (!text.startsWith("\t") && !text.startsWith(" ")) clock = undefined;
      const fault = faults.line(m === null ? text : text.slice(m[0].length), clock);
      if (typeof fault === "object") out.push({ kind: "fault", line, fault });
      else if (fault === "unread") skipped.unread("line about a fault in unknown words", line);
      else if (fault === undefined && text.trim() !== "") {
        skipped.harmless("kernel message about something else", line);
      }
    },
    end(): void {},
  };
}
