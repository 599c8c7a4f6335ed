/**
 * debugfs `gem` of msm.
 *
 * ```
 * file   = TITLE NL { object } totals
 * TITLE  = "flags" "id" "ref" "offset" "kaddr" "size" "madv" "name"
 * object = FLAGS ":" ("A"|"I"|...) ID "(" REFCOUNT ")" OFFSET KADDR SIZE [ MADV ] [ NAME ] NL
 *          [ "vmas:" { "[" NAME ":" COMM ": aspace=" PTR ", " IOVA ",mapped" [ ",inuse=" N ] "]" } NL ] { fences NL }
 * ```
 *
 * Each `aspace` becomes a space, each mapped VMA a mapping of its object; `unmapped` ones are counted as skipped.
 */
import { type Imported, type Importer, Skipped } from "./imported.ts";
import { decimal, hex64 } from "./numbers.ts";

const OBJECT = /^\s*([0-9a-f]{8}):\s+(\S)\s+(\d+)\s+\(\s*(\d+)\)\s+([0-9a-f]+)\s+(\S+)\s+(\d+)(?:\s+(.*))?$/;
const VMA = /\[([^\]]*?)aspace=([^,\]\s]+),\s*([0-9a-f]+),(mapped|unmapped)(?:,inuse=(\d+))?\]/g;
const MADV = /^(WILLNEED|DONTNEED|PURGED|will ?need|dont ?need|purged)\b\s*/i;

/** Makes an importer for one file. */
export function msmGemImporter(file: string): Importer {
  const skipped = new Skipped();
  const spaces = new Map<string, number>();
  let object: { id: bigint; size: number } | undefined;
  let objects = 0n;

  function vmas(text: string, line: number, out: Imported[]): void {
    for (const m of text.matchAll(VMA)) {
      if (m[4] === "unmapped" || object === undefined) {
        skipped.add("vma that is not mapped");
        continue;
      }
      let space = spaces.get(m[2] as string);
      if (space === undefined) {
        space = spaces.size + 1;
        spaces.set(m[2] as string, space);
        const bounds = { start: 0n, end: 0n, reservedStart: 0n, reservedEnd: 0n };
        out.push({
          kind: "snapshot",
          line,
          snapshot: { type: "space", space, name: (m[1] as string).replace(/:\s*$/, ""), ...bounds },
        });
      }
      const va = hex64(m[3] as string, "iova", { file, line });
      const length = BigInt(object.size);
      out.push({
        kind: "snapshot",
        line,
        snapshot: { type: "mapping", space, va, length, object: object.id },
      });
    }
  }

  return {
    skipped,
    line(text: string, line: number, out: Imported[]): void {
      if (/^\s*vmas:/.test(text)) {
        vmas(text, line, out);
        return;
      }
      const m = OBJECT.exec(text);
      if (m === null) {
        if (text.trim() !== "") skipped.add("line that is no object");
        return;
      }
      const place = { file, line };
      const rest = m[8] ?? "";
      const madv = MADV.exec(rest);
      const size = decimal(m[7] as string, "size", place);
      // The dump names no pointer, and most ids are 0: objects are told apart by their place in it.
      object = { id: ++objects, size };
      const snapshot = {
        type: "object",
        id: m[3] as string,
        name: rest.slice(madv?.[0].length ?? 0).trim(),
        refcount: decimal(m[4] as string, "refcount", place),
        size,
        properties: {
          flags: m[1] as string,
          active: m[2] as string,
          offset: m[5] as string,
          ...(madv === null ? {} : { madv: madv[1] as string }),
        },
      } as const;
      out.push({ kind: "snapshot", line, snapshot });
    },
    end(): void {},
  };
}
