/**
 * A devcoredump of msm, as Linux 5.0 to 7.3 prints it (msm/msm_gpu.c, msm/adreno/adreno_gpu.c); `vm-log` since 6.17.
 *
 * ```
 * file       = "---" NL { KEY ":" VALUE NL } { section }
 * fault-info = "fault-info:" NL { "  - " ("ttbr0"|"iova"|"dir"|"type"|"source") "=" VALUE NL }
 * vm-log     = "vm-log:" NL { "  - " OP ":" QUEUE ": 0x" START "-0x" END NL }         END is exclusive; OP is "map" or why it was unmapped
 * bos        = "bos:" NL { "  - iova: 0x" HEX NL "    size: " N NL [ "    flags: 0x" HEX NL ] [ "    name: " TEXT NL ] ... }
 * ```
 *
 * The log is the last binds and unbinds before the fault, without times; the buffers are those of the work that was
 * running, as they were mapped. What is mapped and not in the log was mapped before it begins. The log doesn't say which
 * buffer a bind is of: one that reaches where a buffer of the list is, is taken for that one's.
 */
import type { Imported, Importer } from "./imported.ts";
import { NeutralBuilder } from "./neutral-builder.ts";
import { decimal, exactNumber, hex64, type Place } from "./numbers.ts";
import { Skipped } from "./skipped.ts";

const SECTION = /^([a-z][\w-]{0,40}):/;
const LOG = /^ {2}- ([\w -]{1,32}):(-?\d{1,10}): 0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\s{0,8}$/i;
const INFO = /^ {2}- ([\w-]{1,16})=(.{0,80})$/;
const FIELD = /^ {2}(?:- | {2})([a-z][\w-]{0,16}): {0,4}(.{0,200})$/;

/** Sections and keys that say nothing of memory that is mapped. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...["kernel", "module", "time", "comm", "cmdline", "revision", "rbbm-status", "ringbuffer", "registers"],
  ...["registers-gmu", "indexed-registers", "shader-blocks", "clusters", "gmu-log", "gmu-hfi", "gmu-debug"],
  ...["gmu-hfi-queue-history", "debugbus", "pgtable-fault-info", "got-gpu-state"],
]);

/** A log has 256 entries at most, a submission far fewer buffers; more is no devcoredump. */
const ENTRIES_MAX = 65_536;

interface Bind {
  readonly line: number;
  readonly map: boolean;
  readonly va: number;
  readonly length: number;
}

interface Buffer {
  readonly line: number;
  readonly va: number;
  size: number;
  name: string;
}

/** Makes an importer for one file. */
export function msmDevcoredumpImporter(file: string): Importer {
  const skipped = new Skipped();
  const log: Bind[] = [];
  const buffers: Buffer[] = [];
  const info = new Map<string, string>();
  let infoLine = 0;
  let comm = "";
  let section = "";

  function logLine(text: string, place: Place): boolean {
    const m = LOG.exec(text);
    if (m === null || log.length >= ENTRIES_MAX) return false;
    const start = hex64(m[3] as string, "start", place);
    const end = hex64(m[4] as string, "end", place);
    if (end <= start) return false;
    const va = exactNumber(start, "start", place);
    const length = exactNumber(end - start, "length", place);
    log.push({ line: place.line, map: m[1] === "map", va, length });
    return true;
  }

  function infoOf(text: string, line: number): boolean {
    const m = INFO.exec(text);
    if (m === null) return false;
    info.set(m[1] as string, (m[2] as string).trim());
    if (m[1] === "iova") infoLine = line;
    return true;
  }

  function bufferLine(text: string, place: Place): boolean {
    const m = FIELD.exec(text);
    if (m === null) return false;
    const value = (m[2] as string).trim();
    if (m[1] === "iova") {
      if (buffers.length >= ENTRIES_MAX) return false;
      const va = exactNumber(hex64(value, "iova", place), "iova", place);
      buffers.push({ line: place.line, va, size: 0, name: "" });
      return true;
    }
    const buffer = buffers.at(-1);
    if (buffer === undefined) return false;
    if (m[1] === "size") buffer.size = decimal(value, "size", place);
    else if (m[1] === "name") buffer.name = value;
    else if (m[1] === "flags") return true;
    else return false;
    return true;
  }

  return {
    skipped,
    line(text: string, line: number, _out: Imported[]): void {
      const place = { file, line };
      const head = SECTION.exec(text);
      if (head !== null) {
        section = head[1] as string;
        if (section === "comm") comm = text.slice(text.indexOf(":") + 1).trim();
        const known = ["fault-info", "vm-log", "bos"].includes(section);
        if (!known && HARMLESS.has(section)) skipped.harmless(section, line);
        else if (!known) skipped.unread(section, line);
        return;
      }
      if (section === "vm-log" ? logLine(text, place) : section === "fault-info" && infoOf(text, line))
        return;
      if (section === "bos") {
        if (bufferLine(text, place)) return;
        // The contents of a buffer, in ascii85.
        if (/^ {4,}/.test(text)) {
          skipped.harmless("contents of a buffer", line);
          return;
        }
      }
      if (text === "---" || text.trim() === "") return;
      const name = section === "" ? "line before the first section" : `line of ${section}`;
      if (HARMLESS.has(section)) skipped.harmless(name, line);
      else skipped.unread(name, line);
    },
    end(out: Imported[]): void {
      const build = new NeutralBuilder();
      let t = 0;
      const at = (line: number): void => {
        t += 1000;
        build.at(line, t, out, false);
      };
      const within = (buffer: Buffer, bind: Bind): boolean =>
        bind.va < buffer.va + buffer.size && buffer.va < bind.va + bind.length;
      const first = buffers[0]?.line ?? log[0]?.line ?? Math.max(1, infoLine);
      at(first);
      const vm = build.vm("gpu", comm === "" ? undefined : comm);
      const bufferAt = (i: number): number => {
        const { va, size, name } = buffers[i] as Buffer;
        return build.bo(`at ${va}`, Math.max(4096, size), name === "" ? undefined : name);
      };
      buffers.forEach((buffer, i) => {
        if (buffer.size === 0 || log.some((bind) => within(buffer, bind))) return;
        at(buffer.line);
        build.bind(vm, "map", bufferAt(i), 0, buffer.va, buffer.size);
      });
      log.forEach((bind) => {
        at(bind.line);
        if (!bind.map) {
          build.bind(vm, "unmap", 0, 0, bind.va, bind.length);
          return;
        }
        const i = buffers.findIndex((buffer) => buffer.size > 0 && within(buffer, bind));
        const buffer = buffers[i];
        if (buffer !== undefined && bind.va >= buffer.va) {
          build.bind(vm, "map", bufferAt(i), bind.va - buffer.va, bind.va, bind.length);
        } else build.bind(vm, "map", build.bo(`at ${bind.va}`, bind.length), 0, bind.va, bind.length);
      });
      const iova = info.get("iova");
      if (iova === undefined) return;
      const address = hex64(iova, "iova", { file, line: infoLine });
      const said = ["dir", "type", "source"].flatMap((key) => info.get(key) ?? []);
      const fault = { address, length: 1, source: "msm", detail: said.join(" ") };
      out.push({ kind: "fault", line: infoLine, fault });
    },
  };
}
