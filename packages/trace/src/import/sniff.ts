/** Tells which format a text is, from its first lines. The only place that does. */
import type { ImportFormat } from "./formats.ts";

/** Formats that tell what happened; the others tell how it is. */
const EVENTS: ReadonlySet<ImportFormat> = new Set([
  "gpu-bo-trace",
  "trace-cmd",
  "binding-report",
  "radv-bo-history",
  "vkd3d",
  "msm-devcoredump",
]);

/** Whether a format tells what happened, one event after the other, and not how it is at one moment. */
export function tellsEvents(format: ImportFormat): boolean {
  return EVENTS.has(format);
}

const BINDING = /\bVA=.{0,200}\bbinding_type=(?:bind|unbind)\b/;
const BO_HISTORY = /\bVA=.{0,200}\b(?:destroyed=[01],|mapped_to=)/;
const XE_ENTRY = /^\[(?:0x)?[0-9a-fA-F]{1,16}\]\.(?:length|properties|data|error):/;
const FDINFO = /^(?:[^\s:]{0,200}:)?drm-[a-z]{1,32}[\w-]{0,64}:(?:\s|$)/;
const EVENT =
  /\[\d{1,5}\]\s{1,32}(?:[^\s:]{4,5}\s{1,32})?\d{1,12}\.\d{1,9}:\s{1,32}(?:[\w-]{1,64}:)?\w{1,64}:/;
const PRINTK = /^(?:<\d{1,3}>)?(?:[a-z]{1,10} {0,8}:[a-z]{1,10} {0,8}: {0,2})?\[ {0,8}\d{1,10}\.\d{6}\] /;
const FAULT =
  /in page starting at address 0x|\*\*\* gpu fault: |Unhandled Page fault in AS\d|Faulted Address: 0x|kernel: .{0,80}page fault \(src_id:/;

/** What one line of each format looks like. The first format that any line of the text looks like is taken. */
const MARKS: readonly (readonly [ImportFormat, (line: string) => boolean])[] = [
  ["gpuvas", (line) => line.startsWith("DRM GPU VA space (")],
  ["panthor-gems", (line) => beginsWith(line, ["created-by", "global-name", "refcount"])],
  ["msm-gem", (line) => beginsWith(line, ["flags", "id", "ref", "offset", "kaddr", "size", "madv"])],
  [
    "xe-devcoredump",
    (line) =>
      XE_ENTRY.test(line) ||
      line.startsWith("VM.uapi_flags:") ||
      line.startsWith("**** Xe Device Coredump ****"),
  ],
  [
    "msm-devcoredump",
    (line) => line === "module: msm" || line === "fault-info:" || line === "vm-log:" || line === "bos:",
  ],
  ["binding-report", (line) => BINDING.test(line) || line.startsWith("Failing VM page: ")],
  ["radv-bo-history", (line) => BO_HISTORY.test(line)],
  [
    "vkd3d",
    (line) =>
      line.includes("vkd3d_address_binding_") ||
      (line.includes("BIND") && line.includes(" || VA ")) ||
      line.includes("Received fault in address "),
  ],
  ["fdinfo", (line) => FDINFO.test(line)],
  // The prefix of an event, or the comment that tracefs begins with.
  ["trace-cmd", (line) => line.startsWith("# tracer: ") || EVENT.test(line)],
  ["dmesg", (line) => PRINTK.test(line) || FAULT.test(line)],
];

/** How many characters of a file {@link sniff} wants to see. */
export const SNIFF_CHARS: number = 64 * 1024;
/** No mark lies further right. */
const LINE_CHARS = 512;

/**
 * The format of a text; undefined when it is none that can be read.
 *
 * @example
 * ```ts
 * import { sniff } from "@gpuvm/trace";
 * sniff("DRM GPU VA space (a) [0x0000000000000000;0x0001000000000000]\n"); // "gpuvas"
 * ```
 */
export function sniff(head: string): ImportFormat | undefined {
  if (isBoTrace(head)) return "gpu-bo-trace";
  const lines = head.slice(0, SNIFF_CHARS).split("\n");
  let best = MARKS.length;
  for (const whole of lines) {
    if (whole === "") continue;
    const line = whole.slice(0, LINE_CHARS).replace("\r", "");
    for (let i = 0; i < best; i++) if ((MARKS[i] as (typeof MARKS)[number])[1](line)) best = i;
  }
  return MARKS[best]?.[0];
}

/** The first line is the header, after a byte order mark that some editors add. */
function isBoTrace(head: string): boolean {
  const text = head.trimStart();
  if (!text.startsWith("{")) return false;
  const end = text.indexOf("\n");
  const line = end < 0 ? text : text.slice(0, end);
  const at = line.indexOf('"gpu-bo-trace"');
  return at > 0 && /"format"\s{0,16}:\s{0,16}$/.test(line.slice(Math.max(0, at - 48), at));
}

function beginsWith(line: string, words: readonly string[]): boolean {
  const has = line.trim().split(/\s+/);
  return words.every((word, i) => has[i] === word);
}
