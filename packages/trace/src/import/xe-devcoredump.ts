/**
 * The VM section of a devcoredump of xe.
 *
 * ```
 * file = { "VM.uapi_flags: " HEX NL | "[" HEX "].length: " HEX NL
 *        | "[" HEX "].properties: " PART { "|" PART } NL | "[" HEX "].data: " ASCII85 NL | "[" HEX "].error: " TEXT NL }
 * PART = WORD | KEY "=" VALUE                        read_only, read_write; userptr, null_sparse, bo; keys are added over time
 * ```
 *
 * Length and properties are kept, contents are dropped.
 */
import { type Imported, type Importer, Skipped } from "./imported.ts";
import { hex64 } from "./numbers.ts";

const ENTRY = /^\[(?:0x)?([0-9a-fA-F]{1,16})\]\.(\w+): ?(.*)$/;

/** Makes an importer for one file. */
export function xeDevcoredumpImporter(file: string): Importer {
  const skipped = new Skipped();
  let open: { line: number; va: bigint; length: bigint; properties: Record<string, string> } | undefined;
  let announced = false;

  function flush(out: Imported[]): void {
    if (open === undefined) return;
    if (!announced) {
      announced = true;
      const bounds = { start: 0n, end: 0n, reservedStart: 0n, reservedEnd: 0n };
      out.push({
        kind: "snapshot",
        line: open.line,
        snapshot: { type: "space", space: 1, name: "VM", ...bounds },
      });
    }
    const { line, va, length, properties } = open;
    out.push({ kind: "snapshot", line, snapshot: { type: "mapping", space: 1, va, length, properties } });
    open = undefined;
  }

  return {
    skipped,
    line(text: string, line: number, out: Imported[]): void {
      const m = ENTRY.exec(text);
      if (m === null) {
        if (text.trim() !== "") skipped.add("line outside of the VM section");
        return;
      }
      const va = hex64(m[1] as string, "address", { file, line });
      const value = m[3] as string;
      if (m[2] === "length") {
        flush(out);
        open = { line, va, length: hex64(value.trim(), "length", { file, line }), properties: {} };
      } else if (m[2] === "properties" && open?.va === va) {
        const entries = value.split("|").map((part): [string, string] => {
          const cut = part.indexOf("=");
          return cut < 0 ? [part, ""] : [part.slice(0, cut), part.slice(cut + 1)];
        });
        open.properties = Object.fromEntries(entries);
      } else {
        skipped.add(m[2] as string);
      }
    },
    end(out: Imported[]): void {
      flush(out);
    },
  };
}
