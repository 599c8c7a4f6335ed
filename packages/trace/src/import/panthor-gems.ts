/**
 * debugfs `gems` of panthor and of panfrost, as Linux 6.16 to 7.3 prints them (panthor_gem.c, panfrost_gem.c).
 *
 * ```
 * file   = { prelude } TITLE NL RULE NL { row } RULE NL TOTALS
 * TITLE  = "created-by" "global-name" "refcount" ["evictions"] "size" "resident-size" "file-offset" "state" ["usage"] "label"
 * row    = COMM "/" TGID, then a value for each further column; the last one may hold blanks or be empty
 * ```
 *
 * Columns are found by the title, because their number changed in 2026 and panfrost has no `usage`.
 */
import { TraceError } from "../trace-error.ts";
import type { Imported, Importer } from "./imported.ts";
import { decimal } from "./numbers.ts";
import { Skipped } from "./skipped.ts";

/** A name of a process, which may hold blanks and slashes, its number, and the beginning of the next column. */
const CREATOR = /^(.{1,64}?\/\d{1,10})\s{1,64}(?=\d)/;
const PRELUDE = /^GEM (?:state|usage) flags: /;
const TOTALS = /^Total size: \d/;
/** Longer titles are none. */
const COLUMNS_MAX = 64;

/** Makes an importer for one file. */
export function panthorGemsImporter(file: string): Importer {
  const skipped = new Skipped();
  let columns: readonly string[] = [];

  function other(text: string, line: number): void {
    if (text.trim() === "") return;
    if (/^-{8,}$|^={8,}$/.test(text) || PRELUDE.test(text) || TOTALS.test(text)) {
      skipped.harmless("frame of the table", line);
    } else skipped.unread("line outside of the table", line);
  }

  return {
    skipped,
    line(text: string, line: number, out: Imported[]): void {
      if (text.startsWith("created-by")) {
        columns = firstWords(text, COLUMNS_MAX).words.slice(1);
        return;
      }
      const m = columns.length === 0 ? null : CREATOR.exec(text);
      if (m === null) {
        other(text, line);
        return;
      }
      const labelled = columns.at(-1) === "label";
      const fixed = labelled ? columns.length - 1 : columns.length;
      const { words, rest } = firstWords(text.slice(m[0].length), fixed);
      if (words.length < fixed) {
        const reason = `the row has ${words.length + 1} values for at least ${fixed + 1} columns`;
        throw new TraceError({ file, line, reason, hint: "take the dump again, or remove the line" });
      }
      const values: Record<string, string> = {};
      for (let i = 0; i < fixed; i++) values[columns[i] as string] = words[i] as string;
      const place = { file, line };
      const { refcount, size, ["resident-size"]: resident, ["global-name"]: id, ...properties } = values;
      const snapshot = {
        type: "object",
        id: id ?? "",
        name: labelled ? rest : "",
        creator: m[1] as string,
        refcount: decimal(refcount ?? "0", "refcount", place),
        size: decimal(size ?? "0", "size", place),
        ...(resident === undefined ? {} : { residentSize: decimal(resident, "resident-size", place) }),
        properties,
      } as const;
      out.push({ kind: "snapshot", line, snapshot });
    },
    end(): void {},
  };
}

/** The first words of a line, and what follows them. */
function firstWords(text: string, count: number): { words: string[]; rest: string } {
  const words: string[] = [];
  const word = /\S+/g;
  let end = 0;
  while (words.length < count) {
    const m = word.exec(text);
    if (m === null) break;
    words.push(m[0]);
    end = word.lastIndex;
  }
  return { words, rest: text.slice(end).trim() };
}
