/**
 * What vkd3d-proton 2.14 and later says of a GPU fault in a log (of Proton, or its own): with `VKD3D_CONFIG=fault`, every
 * bind and unbind of the address that faulted.
 *
 * ```
 * line  = [ any text ] MESSAGE
 * fault = "Received fault in address " HEX " @ " SECONDS " s." ...
 * entry = "VA range [" HEX ", " HEX ") [size = " N " (" HEX ")]" NL
 *         [ "  Fault offset: " ... NL ] "  " ("BIND"|"UNBIND") [ " SPARSE" ] NL "  T: " SECONDS " s" NL
 *         [ "  Cookie: " N "." NL ] "  " [ "SPARSE " | "Sparse " ] OBJECT ... NL
 * trace = ("BIND"|"UNBIND") [ " SPARSE" ] " || " OBJECT " || VA " HEX " || size " HEX "."         with VKD3D_DEBUG=trace
 * OBJECT = "VkDeviceMemory" | "VkBuffer" | "VkImage"
 * ```
 *
 * The same history is told again at each fault; what was told before is passed over.
 */
import type { Imported, Importer } from "./imported.ts";
import { NeutralBuilder } from "./neutral-builder.ts";
import { exactNumber, hex64, unsigned48 } from "./numbers.ts";
import { Skipped } from "./skipped.ts";
import { VulkanBindings } from "./vulkan-bindings.ts";

const FAULT = /Received fault in address (?:0x)?([0-9a-fA-F]{1,16}) @ (\d{1,10})\.(\d{1,9}) s\./;
const RANGE = /VA range \[(?:0x)?([0-9a-fA-F]{1,16}), (?:0x)?([0-9a-fA-F]{1,16})\) \[size = /;
const TRACE =
  /\b(BIND|UNBIND)(?: SPARSE)? \|\| (?:Sparse )?(\w{1,32}) \|\| VA ([0-9a-fA-F]{1,16}) \|\| size ([0-9a-fA-F]{1,16})\./;
const KIND = /(?:^|:) {1,4}(BIND|UNBIND)(?: SPARSE)?\s{0,8}$/;
const TIME = /(?:^|:) {1,4}T: (\d{1,10})\.(\d{1,9}) s\b/;
const OBJECT = /(?:^|:) {1,4}(?:SPARSE |Sparse )?(VkDeviceMemory|VkBuffer|VkImage)\b/;
/** Further lines of the tracker: they repeat what the entries say. */
const ABOUT =
  /Fault offset: |Cookie: |Fault address is currently |Done reporting VA fault|Found no candidate VA/;

/** How objects are called in binding reports. */
const TYPES: Readonly<Record<string, string>> = {
  VkDeviceMemory: "DEVICE_MEMORY",
  // The trace messages say so of memory.
  VkDevice: "DEVICE_MEMORY",
  VkBuffer: "BUFFER",
  VkImage: "IMAGE",
};

/** Entries that are put in the order of time before they are taken; more than a fault's history ever had. */
const ENTRIES_MAX = 65_536;

interface Entry {
  readonly line: number;
  readonly va: number;
  readonly length: number;
  bind?: boolean;
  time?: number;
  type?: string;
}

/** Makes an importer for one file. */
export function vkd3dImporter(file: string): Importer {
  const skipped = new Skipped();
  const build = new NeutralBuilder();
  const bindings = new VulkanBindings(build);
  const known = new Set<string>();
  let entries: Entry[] = [];
  let open: Entry | undefined;
  let sequence = 0;

  function close(): void {
    const entry = open;
    open = undefined;
    if (entry === undefined) return;
    if (entry.bind === undefined || entry.time === undefined) {
      skipped.unread("entry of the address log without its kind or time", entry.line);
      return;
    }
    // A fault at another address tells of the same binds again.
    const key = `${entry.time} ${entry.va} ${entry.length} ${entry.bind} ${entry.type}`;
    if (known.has(key)) {
      skipped.harmless("entry of the address log that was told before", entry.line);
      return;
    }
    if (known.size < ENTRIES_MAX) known.add(key);
    entries.push(entry);
  }

  function take(entry: Entry, out: Imported[], clocked: boolean): void {
    build.at(entry.line, entry.time ?? 0, out, clocked);
    const { va, length, line } = entry;
    // An unbind may be cut off before it says of what.
    const type = entry.type ?? "IMAGE";
    // No handles are told: objects go by their address.
    const handle = `${va}`;
    const kind = entry.bind
      ? bindings.bind(type, handle, va, length, line)
      : bindings.unbind(type, handle, va, length);
    if (kind === "layer") skipped.harmless(`${type} on memory that is bound`, line);
  }

  function flush(out: Imported[]): void {
    entries.sort((a, b) => (a.time ?? 0) - (b.time ?? 0) || a.line - b.line);
    for (const entry of entries) take(entry, out, true);
    entries = [];
  }

  function part(text: string): boolean {
    if (open === undefined) return false;
    const kind = KIND.exec(text);
    const time = TIME.exec(text);
    const object = OBJECT.exec(text);
    if (kind !== null) open.bind = kind[1] === "BIND";
    else if (time !== null) open.time = nanoseconds(time[1], time[2]);
    else if (object !== null) open.type = TYPES[object[1] as string] as string;
    return kind !== null || time !== null || object !== null;
  }

  return {
    skipped,
    line(text: string, line: number, out: Imported[]): void {
      const place = { file, line };
      const range = RANGE.exec(text);
      const trace = range === null && text.includes(" || VA ") ? TRACE.exec(text) : null;
      const fault = range === null && trace === null ? FAULT.exec(text) : null;
      if (range !== null) {
        close();
        const start = unsigned48(hex64(range[1] as string, "VA", place));
        const end = unsigned48(hex64(range[2] as string, "VA", place) - 1n) + 1n;
        if (end <= start) skipped.unread("range of no size", line);
        else {
          const length = exactNumber(end - start, "length", place);
          open = { line, va: exactNumber(start, "VA", place), length };
        }
      } else if (trace !== null) {
        const va = exactNumber(unsigned48(hex64(trace[3] as string, "VA", place)), "VA", place);
        const length = exactNumber(hex64(trace[4] as string, "size", place), "size", place);
        const type = TYPES[trace[2] as string];
        if (type === undefined || length === 0) skipped.unread(`bind of a ${trace[2]}`, line);
        // These lines have no time of their own: their order is all there is.
        else take({ line, va, length, bind: trace[1] === "BIND", type, time: ++sequence * 1000 }, out, false);
      } else if (fault !== null) {
        close();
        const address = unsigned48(hex64(fault[1] as string, "address", place));
        const clock = nanoseconds(fault[2], fault[3]);
        out.push({ kind: "fault", line, fault: { address, length: 1, source: "vkd3d-proton", clock } });
      } else if (!part(text)) {
        const tracker = text.includes("vkd3d_address_binding");
        if (!tracker || ABOUT.test(text)) skipped.harmless("line of the log about something else", line);
        else skipped.unread("line of the address log in unknown words", line);
      }
      if (entries.length >= ENTRIES_MAX) flush(out);
    },
    end(out: Imported[]): void {
      close();
      flush(out);
    },
  };
}

function nanoseconds(seconds: string | undefined, fraction: string | undefined): number {
  return Number(seconds) * 1e9 + Number((fraction ?? "").padEnd(9, "0"));
}
