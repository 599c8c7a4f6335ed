/**
 * Address binding reports of Vulkan (`VK_EXT_device_address_binding_report`), as RADV writes them.
 *
 * ```
 * file = { "timestamp=" NS ", VA=" START "-" END ", binding_type=" ("bind"|"unbind") ", object_type=" TYPE ", object_handle=" HEX NL }
 * ```
 *
 * START and END are hexadecimal with or without 0x; END is taken as exclusive, which no capture has confirmed yet. An object
 * is one buffer; its size is that of its first range, as the report doesn't give it.
 */
import { type Imported, type Importer, Skipped } from "./imported.ts";
import { NeutralBuilder } from "./neutral-builder.ts";
import { decimal, exactNumber, hex64 } from "./numbers.ts";

const REPORT =
  /timestamp=(\d+), ?VA=(?:0x)?([0-9a-fA-F]+)-(?:0x)?([0-9a-fA-F]+), ?binding_type=(bind|unbind), ?object_type=(\w+), ?object_handle=(?:0x)?([0-9a-fA-F]+)/;

/** Makes an importer for one file. */
export function bindingReportImporter(file: string): Importer {
  const skipped = new Skipped();
  const build = new NeutralBuilder();
  const mapped = new Map<string, number>();
  return {
    skipped,
    line(text: string, line: number, out: Imported[]): void {
      const m = REPORT.exec(text);
      if (m === null) {
        if (text.trim() !== "") skipped.add("line without a report");
        return;
      }
      const place = { file, line };
      const start = hex64(m[2] as string, "VA", place);
      const end = hex64(m[3] as string, "VA", place);
      if (end <= start) {
        skipped.add("report of an empty range");
        return;
      }
      build.at(line, decimal(m[1] as string, "timestamp", place), out);
      const va = exactNumber(start, "VA", place);
      const length = exactNumber(end - start, "length", place);
      const key = `${m[5]} ${m[6]}`;
      const vm = build.vm("device");
      if (m[4] === "bind") {
        build.bind(vm, "map", build.bo(key, length), 0, va, length);
        mapped.set(key, (mapped.get(key) ?? 0) + 1);
        return;
      }
      build.bind(vm, "unmap", 0, 0, va, length);
      const left = (mapped.get(key) ?? 1) - 1;
      if (left > 0) mapped.set(key, left);
      else {
        mapped.delete(key);
        build.boClose(key);
      }
    },
    end(): void {},
  };
}
