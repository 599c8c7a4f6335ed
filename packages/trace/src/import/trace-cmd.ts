/**
 * Text of `trace-cmd report`, of tracefs' `trace` file, and of `perf script`.
 *
 * ```
 * file  = { comment | loss | event | other }
 * event = COMM "-" PID [ "(" TGID ")" ] "[" CPU "]" [ FLAGS ] SECONDS "." FRACTION ":" [ SYSTEM ":" ] EVENT ":" TEXT
 * loss  = "CPU:" N " [LOST " [ N " " ] "EVENTS]"              tracefs
 *       | "CPU:" N " [" N " EVENTS DROPPED]"                  trace-cmd
 * ```
 *
 * What asks nothing of a driver is passed over as harmless if it is on a list, else as unread. A known event with a damaged
 * address is an error.
 */
import { AmdgpuEvents } from "./amdgpu-events.ts";
import { FaultLines } from "./fault-lines.ts";
import { field, parseFtraceLine } from "./ftrace-line.ts";
import { isHarmlessEvent } from "./harmless-events.ts";
import type { Imported, Importer } from "./imported.ts";
import { NeutralBuilder } from "./neutral-builder.ts";
import { decimal } from "./numbers.ts";
import { SchedEvents } from "./sched-events.ts";
import { Skipped } from "./skipped.ts";
import { type Understood, XeEvents } from "./xe-events.ts";

/** Work whose VM is not known is put on this one. */
const DEVICE = "device";

const LOST = /\[(?:LOST (\d{1,15} )?EVENTS|(\d{1,15}) EVENTS DROPPED)\]/;
const PERF_LOST = /\bPERF_RECORD_LOST(?:_SAMPLES)? lost (\d{1,15})/;
/** A ring buffer that was overwritten: fewer events are in the file than were recorded. */
const ENTRIES = /^# entries-in-buffer\/entries-written: (\d{1,15})\/(\d{1,15})\b/;
/** What trace-cmd says of the file. */
const ABOUT_FILE = /^(?:cpus=\d|version = |CPU \d{1,5} is empty|kernel buffer |\[(?:vmlinux|kernel))/;

/** Makes an importer for one file. */
export function traceCmdImporter(file: string): Importer {
  const skipped = new Skipped();
  const build = new NeutralBuilder();
  const xe = new XeEvents(build);
  const amdgpu = new AmdgpuEvents(build);
  const sched = new SchedEvents();
  const faults = new FaultLines();
  // The scheduler's events don't name a VM: work is put on the one that was used last.
  let lastVm = DEVICE;
  /** An event that goes on in the next line, without a prefix of its own. */
  let open = "";

  function noEvent(text: string, line: number, out: Imported[]): void {
    const lost = text.includes("[") ? LOST.exec(text) : null;
    const count = lost === null ? PERF_LOST.exec(text)?.[1] : (lost[1] ?? lost[2]);
    const entries = text.startsWith("#") ? ENTRIES.exec(text) : null;
    if (lost !== null || count !== undefined) {
      build.settle(out);
      out.push({ kind: "loss", line, ...(count === undefined ? {} : { events: Number(count) }) });
    } else if (entries !== null) {
      const events = Number(entries[2]) - Number(entries[1]);
      build.settle(out);
      if (events > 0) out.push({ kind: "loss", line, events });
    } else if (text.startsWith("#") || ABOUT_FILE.test(text)) skipped.harmless("comment", line);
    else if (open !== "" && /^\s*0x[0-9a-f]/i.test(text)) skipped.harmless(`further line of ${open}`, line);
    else if (text.trim() !== "") skipped.unread("line without an event", line);
  }

  return {
    skipped,
    line(text: string, line: number, out: Imported[]): void {
      const e = parseFtraceLine(text);
      if (e === undefined) {
        noEvent(text, line, out);
        return;
      }
      open = e.event;
      const place = { file, line };
      build.at(line, e.time, out);
      let understood: Understood;
      if (e.event.startsWith("xe_")) {
        const about = xe.event(e, place);
        understood = about.understood;
        if (understood !== "unread" && about.vm !== undefined) lastVm = about.vm;
        if (!build.hasVm(lastVm)) lastVm = DEVICE;
      } else if (e.event.startsWith("amdgpu_")) {
        const about = amdgpu.event(e, place);
        understood = about.understood;
        if (about.vm !== undefined) lastVm = about.vm;
      } else if (e.event === "gpu_mem_total") {
        const bytes = decimal(field(e.text, "size") ?? "", "size", place);
        const owner = `gpu ${field(e.text, "gpu_id") ?? "?"} pid ${field(e.text, "pid") ?? "?"}`;
        const snapshot = { type: "memory", owner, region: "gpu", what: "total", bytes } as const;
        build.settle();
        out.push({ kind: "snapshot", line, snapshot, t: build.now });
        understood = "used";
      } else if (e.event === "console") {
        // The kernel's own messages, where they are recorded with the rest.
        const fault = faults.line(e.text, e.time);
        build.settle();
        if (typeof fault === "object") out.push({ kind: "fault", line, fault });
        understood = fault === "unread" ? "unread" : "used";
      } else {
        understood = sched.event(e, build, () => build.vm(lastVm));
        if (understood === "unread" && isHarmlessEvent(e.event)) understood = "harmless";
      }
      if (understood !== "used") skipped[understood](e.event, line);
    },
    end(out: Imported[]): void {
      build.settle(out);
    },
  };
}
