/**
 * debugfs `gpuvas`, as `drm_debugfs_gpuva_info()` prints it; nouveau adds its regions.
 *
 * ```
 * file   = { space }
 * space  = "DRM GPU VA space (" NAME ") [" HEX ";" HEX "]" NL          NAME: any bytes but a newline
 *          "Kernel reserved node [" HEX ";" HEX "]" NL NL TITLE NL RULE NL
 *          { "     | " ADDR " | " RANGE " | " END " | " OBJECT " | " OFFSET NL }
 *          [ NL REGION-TITLE NL RULE NL { "             | " START " | " RANGE " | " END NL } ] { NL }
 * HEX    = "0x" and 16 digits; END = ADDR + RANGE modulo 2^64
 * ```
 *
 * Spaces are told apart by their first line only: msm prints nothing between them, panthor an empty line.
 */
import { TraceError } from "../trace-error.ts";
import type { Imported, Importer } from "./imported.ts";
import { Skipped } from "./skipped.ts";

const SPACE = "DRM GPU VA space (";
const RESERVED = /^Kernel reserved node \[0x([0-9a-f]{16});0x([0-9a-f]{16})\]$/;
const BOUNDS = /^0x([0-9a-f]{16});0x([0-9a-f]{16})\]$/;
const ROW =
  /^ {5}\| 0x([0-9a-f]{16}) \| 0x([0-9a-f]{16}) \| 0x([0-9a-f]{16}) \| 0x([0-9a-f]{16}) \| 0x([0-9a-f]{16})$/;
const REGION = /^ {13}\| 0x([0-9a-f]{16}) \| 0x([0-9a-f]{16}) \| 0x([0-9a-f]{16})$/;

/** Title lines of the two tables, as the kernel prints them. */
export const GPUVAS_TITLE =
  " VAs | start              | range              | end                | object             | object offset";
/** The line under {@link GPUVAS_TITLE}. */
export const GPUVAS_RULE: string = "-".repeat(109);
/** Title of nouveau's table of regions; the blank at its end belongs to it. */
export const REGIONS_TITLE = " VA regions  | start              | range              | end                ";
/** The line under {@link REGIONS_TITLE}. */
export const REGIONS_RULE: string = "-".repeat(76);

/** True for the line that begins a space. */
export function isGpuvasStart(line: string): boolean {
  return line.startsWith(SPACE);
}

function u64(digits: string | undefined): bigint {
  return BigInt(`0x${digits}`);
}

/** Makes an importer for one file. */
export function gpuvasImporter(file: string): Importer {
  const skipped = new Skipped();
  let space = 0;
  let head: { name: string; start: bigint; end: bigint; line: number } | undefined;
  const damaged = (line: number, reason: string): TraceError =>
    new TraceError({ file, line, reason, hint: "take the dump again, or remove the line" });
  const checkEnd = (line: number, va: bigint, length: bigint, end: bigint): void => {
    if (BigInt.asUintN(64, va + length) !== end) throw damaged(line, "start and range don't add up to end");
  };

  function begin(text: string, line: number): void {
    // The name may hold ") [" itself.
    const cut = text.lastIndexOf(") [");
    const bounds = cut < SPACE.length ? null : BOUNDS.exec(text.slice(cut + 3));
    if (bounds === null) throw damaged(line, "the space has no bounds [0x...;0x...]");
    head = { name: text.slice(SPACE.length, cut), start: u64(bounds[1]), end: u64(bounds[2]), line };
  }

  return {
    skipped,
    line(text: string, line: number, out: Imported[]): void {
      if (isGpuvasStart(text)) {
        if (head !== undefined)
          throw damaged(line, "the space before has no line on the kernel's reserved node");
        begin(text, line);
        return;
      }
      if (head !== undefined) {
        const r = RESERVED.exec(text);
        if (r === null)
          throw damaged(line, "the line after a space's first is not on the kernel's reserved node");
        const { name, start, end } = head;
        const snapshot = {
          type: "space",
          space: ++space,
          name,
          start,
          end,
          reservedStart: u64(r[1]),
          reservedEnd: u64(r[2]),
        } as const;
        out.push({ kind: "snapshot", line: head.line, snapshot });
        head = undefined;
        return;
      }
      const row = ROW.exec(text);
      if (row !== null && space > 0) {
        const [va, length] = [u64(row[1]), u64(row[2])];
        checkEnd(line, va, length, u64(row[3]));
        const snapshot = {
          type: "mapping",
          space,
          va,
          length,
          object: u64(row[4]),
          offset: u64(row[5]),
        } as const;
        out.push({ kind: "snapshot", line, snapshot });
        return;
      }
      const region = REGION.exec(text);
      if (region !== null && space > 0) {
        const [va, length] = [u64(region[1]), u64(region[2])];
        checkEnd(line, va, length, u64(region[3]));
        out.push({ kind: "snapshot", line, snapshot: { type: "region", space, va, length } });
        return;
      }
      if (/^ {5,}\|/.test(text)) throw damaged(line, "the row is not one of a gpuvas table");
      if (text === "" || text.startsWith("---") || text === GPUVAS_TITLE || text === REGIONS_TITLE) return;
      skipped.unread("line that is none of gpuvas", line);
    },
    end(): void {
      if (head !== undefined) throw damaged(head.line, "the file ends within a space");
    },
  };
}
