/**
 * The VM section of a devcoredump of xe, as Linux 6.11 to 7.3 prints it (xe_devcoredump.c, xe_vm.c).
 *
 * ```
 * file = { "VM.uapi_flags: " HEX NL | "[" HEX "].length: " HEX NL
 *        | "[" HEX "].properties: " PART { "|" PART } NL | "[" HEX "].data: " ASCII85 NL | "[" HEX "].error: " TEXT NL }
 * PART = WORD | KEY "=" VALUE                        read_only, read_write; userptr, null_sparse, bo; keys are added over time
 * ```
 *
 * Length and properties are kept, contents are dropped. Other sections begin with `**** NAME ****`.
 */
import type { Imported, Importer } from "./imported.ts";
import { hex64 } from "./numbers.ts";
import { Skipped } from "./skipped.ts";

const ENTRY = /^\[(?:0x)?([0-9a-fA-F]{1,16})\]\.(\w{1,32}): ?/;
const SECTION = /^\*{4} (.{1,64}?) \*{4}$/;
/** Contents, which are dropped on purpose, and what the kernel says where it has none. */
const DROPPED: ReadonlySet<string> = new Set(["data", "error"]);

/** Makes an importer for one file. */
export function xeDevcoredumpImporter(file: string): Importer {
  const skipped = new Skipped();
  let open: { line: number; va: bigint; length: bigint; properties: Record<string, string> } | undefined;
  let announced = false;
  let section = "";

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
        const head = SECTION.exec(text);
        if (head !== null) section = head[1] as string;
        if (text.trim() === "") return;
        // Without a head before it, the text is a piece of the VM section.
        const harmless = section !== "" && section !== "VM state";
        if (harmless || text.startsWith("VM.uapi_flags:") || head !== null) {
          skipped.harmless("line outside of the VM section", line);
        } else skipped.unread("line of the VM section", line);
        return;
      }
      const va = hex64(m[1] as string, "address", { file, line });
      const value = text.slice(m[0].length);
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
        const what = m[2] as string;
        // An error at 0 without a mapping there: the kernel has no state of the VM at all.
        if (DROPPED.has(what) && (announced || open !== undefined)) skipped.harmless(what, line);
        else skipped.unread(what, line);
      }
    },
    end(out: Imported[]): void {
      flush(out);
    },
  };
}
