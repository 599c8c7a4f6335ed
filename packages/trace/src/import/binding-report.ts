/**
 * Address binding reports of Vulkan (`VK_EXT_device_address_binding_report`), as RADV of Mesa 23.1 to 26 writes them
 * (`addr_binding_report.log`, `vm_fault.log`), with the page that a fault was at.
 *
 * ```
 * file   = { report | fault | words }
 * report = "timestamp=" NS ", VA=" START "-" END ", binding_type=" ("bind"|"unbind") ", object_type=" TYPE ", object_handle=" HEX NL
 * fault  = "Failing VM page: 0x" HEX NL
 * ```
 *
 * START and END are hexadecimal with or without 0x, END is exclusive; blanks around the commas don't matter.
 */
import type { Imported, Importer } from "./imported.ts";
import { NeutralBuilder } from "./neutral-builder.ts";
import { decimal, exactNumber, hex64, unsigned48 } from "./numbers.ts";
import { Skipped } from "./skipped.ts";
import { VulkanBindings } from "./vulkan-bindings.ts";

const REPORT =
  /timestamp=\s{0,20}(\d{1,20})\s{0,99},\s{0,99}VA=\s{0,20}(?:0x)?([0-9a-fA-F]{1,16})-(?:0x)?([0-9a-fA-F]{1,16})\s{0,99},\s{0,99}binding_type=(bind|unbind)\s{0,99},\s{0,99}object_type=(\w{1,64})\s{0,99},\s{0,99}object_handle=(?:0x)?([0-9a-fA-F]{1,16})/;
const FAULT = /\bFailing VM page: (?:0x)?([0-9a-fA-F]{1,16})/;

/** What RADV says around the reports: the status register in words, its own checks, and its verdict. */
const HARMLESS: readonly string[] = [
  "VM fault report",
  "GPU hang report",
  "Performing some verifications",
  "Potential use-after-free detected",
  "GCVM_L2_PROTECTION_FAULT_STATUS",
  "VM_L2_PROTECTION_FAULT_STATUS",
];
/** Fields of the status register. */
const FIELD = /^\s{1,16}[A-Z0-9_]{2,40}: /;

/** Makes an importer for one file. */
export function bindingReportImporter(file: string): Importer {
  const skipped = new Skipped();
  const build = new NeutralBuilder();
  const bindings = new VulkanBindings(build);

  function words(text: string, line: number, out: Imported[]): void {
    const fault = FAULT.exec(text);
    if (fault !== null) {
      const address = unsigned48(hex64(fault[1] as string, "page", { file, line }));
      out.push({ kind: "fault", line, fault: { address, length: 4096, source: "RADV" } });
    } else if (text.trim() === "") return;
    else if (FIELD.test(text) || HARMLESS.some((known) => text.includes(known))) {
      skipped.harmless("RADV's words about the fault", line);
    } else skipped.unread("line without a report", line);
  }

  return {
    skipped,
    line(text: string, line: number, out: Imported[]): void {
      const m = REPORT.exec(text);
      if (m === null) {
        words(text, line, out);
        return;
      }
      const place = { file, line };
      const start = unsigned48(hex64(m[2] as string, "VA", place));
      const end = unsigned48(hex64(m[3] as string, "VA", place) - 1n) + 1n;
      if (end <= start) {
        skipped.unread("report of an empty range", line);
        return;
      }
      build.at(line, decimal(m[1] as string, "timestamp", place), out);
      const va = exactNumber(start, "VA", place);
      const length = exactNumber(end - start, "length", place);
      const type = (m[5] as string).replace(/^VK_OBJECT_TYPE_/, "");
      const handle = m[6] as string;
      const kind =
        m[4] === "bind"
          ? bindings.bind(type, handle, va, length, line)
          : bindings.unbind(type, handle, va, length);
      if (kind === "layer") skipped.harmless(`${m[5]} on memory that is bound`, line);
    },
    end(): void {},
  };
}
