/**
 * debugfs `gem` of msm, as Linux 4.12 to 7.3 prints it (msm/msm_gem.c).
 *
 * ```
 * file   = TITLE NL { object } totals
 * TITLE  = "flags" "id" "ref" "offset" "kaddr" "size" "madv" "name"
 * object = FLAGS ":" ("A"|"I"|...) ID "(" REFCOUNT ")" OFFSET KADDR SIZE MADV [ NAME ] NL
 *          [ "vmas:" { "[" VMA "]" } NL ] { fence NL }
 * MADV   = 9 columns: blank, "purged" or "purgeable"
 * VMA    = NAME [ ":" COMM ] ": vm=" PTR ", " IOVA ", " ("mapped"|"unmapped")                        since 6.17
 *        | NAME [ ":" COMM ] ": aspace=" PTR ", " IOVA "," ("mapped"|"unmapped") [ ",inuse=" N ]     5.8 to 6.16
 *        | NAME ": " IOVA "," ("mapped"|"unmapped") [ ",inuse=" N ]                                  before 5.8
 * totals = ("Total"|"Active"|"Resident"|"Purgeable"|"Purged") ":" N " objects, " N " bytes" NL
 * ```
 *
 * Each address space becomes a space, each mapped VMA a mapping of its object; `unmapped` ones are counted. Before 5.8 a
 * space has no more than a name.
 */
import type { Imported, Importer } from "./imported.ts";
import { decimal, hex64, type Place } from "./numbers.ts";
import { Skipped } from "./skipped.ts";

const OBJECT =
  /^\s{0,16}([0-9a-f]{8}):\s{1,16}(\S)\s{1,16}(\d{1,10})\s{1,16}\(\s{0,16}(\d{1,10})\)\s{1,16}([0-9a-f]{1,16})\s{1,16}(\S{1,32})\s{1,16}(\d{1,20})(?=\s|$)/;
/** The end of a VMA up to its state; the name before it may hold any byte. */
const VMA = /(?:\b(?:aspace|vm)=([^,\s]{1,32}), {0,2}|: )([0-9a-f]{1,16}), ?(un)?$/;
/** After the size: a blank and 9 columns. A name that is such a word stands further right. */
const MADV = /^\s{0,12}(WILLNEED|DONTNEED|PURGED|will ?need|dont ?need|purged|purgeable)(?=\s|$)/i;
const NAME_COLUMN = 11;
const TOTAL = /^(Total|Active|Resident|Purgeable|Purged): {1,16}(\d{1,10}) objects, {1,16}\d{1,20} bytes$/;
/** Fences of an object: what they are for, context and number, timeline, driver, state. */
const FENCE = /^\s{1,16}(?:kernel|write|read|bookkeep|exclusive|shared)(?: fence)?:/;

/** Makes an importer for one file. */
export function msmGemImporter(file: string): Importer {
  const skipped = new Skipped();
  const spaces = new Map<string, number>();
  let object: { id: bigint; size: number } | undefined;
  let objects = 0n;

  function spaceOf(key: string, name: string, line: number, out: Imported[]): number {
    const known = spaces.get(key);
    if (known !== undefined) return known;
    const space = spaces.size + 1;
    spaces.set(key, space);
    const bounds = { start: 0n, end: 0n, reservedStart: 0n, reservedEnd: 0n };
    out.push({ kind: "snapshot", line, snapshot: { type: "space", space, name, ...bounds } });
    return space;
  }

  function vma(text: string, place: Place, out: Imported[]): void {
    const m = VMA.exec(text.slice(-120));
    if (m === null || object === undefined) {
      skipped.unread("vma that is not understood", place.line);
      return;
    }
    if (m[3] !== undefined) {
      skipped.harmless("vma that is not mapped", place.line);
      return;
    }
    const name = text.slice(text.indexOf("[") + 1, text.length - m[0].length).replace(/:? ?$/, "");
    const space = spaceOf(m[1] ?? name, name, place.line, out);
    const va = hex64(m[2] as string, "iova", place);
    const length = BigInt(object.size);
    const snapshot = { type: "mapping", space, va, length, object: object.id } as const;
    out.push({ kind: "snapshot", line: place.line, snapshot });
  }

  /** Names and commands may hold brackets: entries are told apart by their last word. */
  function vmas(text: string, line: number, out: Imported[]): void {
    let from = text.indexOf(":") + 1;
    let found = 0;
    for (let at = text.indexOf("mapped", from); at >= 0; at = text.indexOf("mapped", at + 6)) {
      const next = text[at + 6];
      if (next !== "]" && !text.startsWith(",inuse=", at + 6)) continue;
      const end = text.indexOf("]", at);
      vma(text.slice(from, at), { file, line }, out);
      found++;
      if (end < 0) break;
      from = end + 1;
      at = end - 6;
    }
    if (found === 0) skipped.unread("vmas that are not understood", line);
  }

  function other(text: string, line: number): void {
    const total = TOTAL.exec(text);
    if (text.trim() === "") return;
    if (FENCE.test(text)) skipped.harmless("fence of an object", line);
    else if (/^\s{0,16}flags\s/.test(text)) skipped.harmless("title", line);
    else if (total === null) skipped.unread("line that is no object", line);
    else if (total[1] === "Total" && BigInt(total[2] as string) !== objects) {
      skipped.unread(`total of ${total[2]} objects, where ${objects} were read`, line);
    } else skipped.harmless("total", line);
  }

  return {
    skipped,
    line(text: string, line: number, out: Imported[]): void {
      if (/^\s{0,16}vmas:/.test(text)) {
        vmas(text, line, out);
        return;
      }
      const m = OBJECT.exec(text);
      if (m === null) {
        other(text, line);
        return;
      }
      const place = { file, line };
      const rest = text.slice(m[0].length);
      const word = MADV.exec(rest);
      const madv = word !== null && rest.indexOf(word[1] as string) < NAME_COLUMN ? word : null;
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
