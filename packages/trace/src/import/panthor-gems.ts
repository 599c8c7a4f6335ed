/**
 * debugfs `gems` of panthor.
 *
 * ```
 * file   = { prelude } TITLE NL RULE NL { row } RULE NL TOTALS
 * TITLE  = "created-by" "global-name" "refcount" ["evictions"] "size" "resident-size" "file-offset" "state" "usage" "label"
 * row    = COMM "/" TGID, then a value for each further column; the last one may hold blanks or be empty
 * ```
 *
 * Columns are found by the title, because their number changed in 2026.
 */
import { TraceError } from "../trace-error.ts";
import { type Imported, type Importer, Skipped } from "./imported.ts";
import { decimal } from "./numbers.ts";

const ROW = /^(.{1,64}?\/\d{1,10})\s+(\d.*)$/;

/** Makes an importer for one file. */
export function panthorGemsImporter(file: string): Importer {
  const skipped = new Skipped();
  let columns: readonly string[] = [];
  return {
    skipped,
    line(text: string, line: number, out: Imported[]): void {
      if (text.startsWith("created-by")) {
        columns = text.trim().split(/\s+/).slice(1);
        return;
      }
      const m = columns.length === 0 ? null : ROW.exec(text);
      if (m === null) {
        if (text.trim() !== "" && !/^[-=]+$/.test(text)) skipped.add("line outside of the table");
        return;
      }
      const labelled = columns.at(-1) === "label";
      const words = (m[2] as string).trim().split(/\s+/);
      const fixed = labelled ? columns.length - 1 : columns.length;
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
        name: labelled ? words.slice(fixed).join(" ") : "",
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
