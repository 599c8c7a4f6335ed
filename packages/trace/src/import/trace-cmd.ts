/**
 * Text of `trace-cmd report`, of tracefs' `trace` file, and of `perf script`.
 *
 * ```
 * file  = { comment | event | other }
 * event = COMM "-" PID [ "(" TGID ")" ] "[" CPU "]" [ FLAGS ] SECONDS "." FRACTION ":" [ SYSTEM ":" ] EVENT ":" TEXT
 * ```
 *
 * Events that ask nothing of a driver, unknown ones, and lines that are no event are counted as skipped. A known event
 * with a damaged address is an error.
 */
import { amdgpuEvent } from "./amdgpu-events.ts";
import { field, parseFtraceLine } from "./ftrace-line.ts";
import { type Imported, type Importer, Skipped } from "./imported.ts";
import { NeutralBuilder } from "./neutral-builder.ts";
import { decimal } from "./numbers.ts";
import { SchedEvents } from "./sched-events.ts";
import { xeEvent } from "./xe-events.ts";

/** Makes an importer for one file. */
export function traceCmdImporter(file: string): Importer {
  const skipped = new Skipped();
  const build = new NeutralBuilder();
  const xeLive = new Map<string, number>();
  const amdgpuLive = new Map<string, number>();
  const sched = new SchedEvents();
  // The scheduler's events don't name a VM: work is put on the one that was used last.
  let lastVm = "device";
  return {
    skipped,
    line(text: string, line: number, out: Imported[]): void {
      const e = parseFtraceLine(text);
      if (e === undefined) {
        if (text.trim() !== "" && !text.startsWith("#")) skipped.add("line without an event");
        return;
      }
      build.at(line, e.time, out);
      const place = { file, line };
      let used = false;
      if (e.event.startsWith("xe_")) {
        used = xeEvent(e, build, xeLive, place);
        if (used) lastVm = field(e.text, "vm") ?? lastVm;
      } else if (e.event.startsWith("amdgpu_")) {
        used = amdgpuEvent(e, build, amdgpuLive, place);
        if (used && e.event !== "amdgpu_bo_create") lastVm = `task ${e.pid}`;
      } else if (e.event === "gpu_mem_total") {
        const bytes = decimal(field(e.text, "size") ?? "", "size", place);
        const owner = `gpu ${field(e.text, "gpu_id") ?? "?"} pid ${field(e.text, "pid") ?? "?"}`;
        out.push({
          kind: "snapshot",
          line,
          snapshot: { type: "memory", owner, region: "gpu", what: "total", bytes },
        });
        used = true;
      } else {
        used = sched.event(e, build, () => build.vm(lastVm));
      }
      if (!used) skipped.add(e.event);
    },
    end(): void {},
  };
}
