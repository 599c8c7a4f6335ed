/** A log of one process to the lines of its traces, one trace for each driver that it used. */
import { DrmFile } from "./drm-file.ts";
import { ioctlName, isHarmless, KNOWN_DRIVERS } from "./ioctl-names.ts";
import { json, type LogLine, parseLogLine } from "./log-line.ts";
import { Tally } from "./tally.ts";

/** What is known of a trace when its log has been read: for its header. */
export interface TraceFacts {
  readonly driver: string;
  readonly events: number;
  readonly boCount: number;
  readonly submits: number;
  /** DRM files that have events. */
  readonly files: number;
  readonly durationMs: number;
}

interface Open {
  readonly driver: string;
  first: number;
  last: number;
  events: number;
  submits: number;
  serials: number;
  files: number;
  /** Descriptors of syncobjs that were made. */
  descriptors: number;
}

/** How a process ended that left no word of its end. */
export const ENDED_SILENTLY = "the process ended without a word: a signal, exec; no cleanup seen";

/**
 * Reads a log line by line and hands on the lines of traces.
 *
 * @example
 * ```ts
 * import { LogReader } from "@gpuvm/record";
 * const lines: string[] = [];
 * const reader = new LogReader((_driver, line) => lines.push(line));
 * reader.read('{"t":5,"op":"file","f":1,"driver":"msm"}');
 * reader.read('{"t":9,"op":"gem_new","f":1,"bo":7,"size":4096,"flags":0}');
 * console.assert(lines[0] === '{"t":0,"op":"gem_new","f":0,"bo":1,"size":4096,"flags":0}');
 * ```
 */
export class LogReader {
  /** What is not in the traces. */
  readonly tally: Tally = new Tally();
  readonly #out: (driver: string, line: string) => void;
  readonly #files = new Map<number, DrmFile>();
  readonly #traces = new Map<string, Open>();
  readonly #drivers = new Set<string>();
  /** Descriptors of syncobjs that are open now: the trace that each is of, and its number there. */
  readonly #descriptors = new Map<number, { readonly trace: Open; readonly fd: number }>();
  #lastTime = 0;
  #exited = false;
  #stopped: string | undefined;

  /** @param out - Gets each line of a trace, without the header, with the driver that the trace is of. */
  constructor(out: (driver: string, line: string) => void) {
    this.#out = out;
  }

  /** Drivers of the files that were opened, known or not. */
  get drivers(): readonly string[] {
    return [...this.#drivers];
  }

  /** Takes one line of the log. */
  read(text: string): void {
    const line = parseLogLine(text);
    if (line === undefined) {
      this.tally.miss("a line of the log that is cut off or damaged");
      return;
    }
    this.#lastTime = line.t;
    switch (line.op) {
      case "file":
        this.#files.set(line.f as number, new DrmFile(String(line["driver"])));
        this.#drivers.add(String(line["driver"]));
        break;
      case "inherited":
        break;
      case "fd_closed":
        this.#descriptors.delete(line["fd"] as number);
        break;
      case "fd_duplicated": {
        const of = this.#descriptors.get(line["fd"] as number);
        if (of !== undefined) this.#descriptors.set(line["to"] as number, of);
        break;
      }
      case "exit":
        this.#exited = true;
        break;
      case "stop":
        this.#stopped = String(line["why"]);
        break;
      case "lost":
        this.tally.miss("a call made by a signal handler inside another call", line["calls"] as number);
        break;
      default:
        this.#ofFile(line);
    }
  }

  /**
   * The log is over: closes what the end of the process closed, or says that nothing is known of what followed.
   *
   * @param silent - What to say of a process that left no word of its end.
   */
  finish(silent: string = ENDED_SILENTLY): readonly TraceFacts[] {
    const why = this.#stopped === undefined ? silent : `the recording ended: ${this.#stopped}`;
    if (this.#exited && this.#stopped === undefined) {
      for (const file of this.#files.values())
        if (file.index !== undefined) this.#emit(file, { t: this.#lastTime, op: "close" });
    } else {
      for (const trace of this.#traces.values()) {
        const t = this.#lastTime - trace.first;
        trace.last = this.#lastTime;
        trace.events++;
        this.#out(trace.driver, json({ t, op: "end", f: 0, why }));
      }
    }
    return [...this.#traces.values()].map(({ driver, first, last, events, submits, serials, files }) => ({
      driver,
      events,
      boCount: serials,
      submits,
      files,
      durationMs: Math.round((last - first) / 1e5) / 10,
    }));
  }

  #ofFile(line: LogLine): void {
    const file = this.#files.get(line.f as number);
    if (file === undefined) {
      this.tally.miss(`${line.op} on a DRM file that was opened by the parent process`);
      return;
    }
    const known = KNOWN_DRIVERS.includes(file.driver);
    if (line.op === "unknown" || line.op === "refused") this.#counted(file, line, known);
    else if (line.op === "close") {
      this.#files.delete(line.f as number);
      if (file.index !== undefined) this.#emit(file, { t: line.t, op: "close" });
    } else if (known) this.#event(file, line);
    else if (!line.op.startsWith("syncobj_")) this.tally.miss(`${file.driver} ${line.op}`);
  }

  #counted(file: DrmFile, line: LogLine, known: boolean): void {
    const nr = line["nr"] as number;
    const name = ioctlName(file.driver, nr);
    if (line.op === "refused") this.tally.note(`${name} refused with errno ${String(line["errno"])}`);
    else if (isHarmless(file.driver, nr)) this.tally.note(`${name}, which has no event in a trace`);
    else this.tally.miss(known ? name : `${name} (not a driver that can be recorded)`);
  }

  #event(file: DrmFile, line: LogLine): void {
    const bo = line["bo"] as number | undefined;
    if (line.op === "change_handle") file.rename(bo as number, line["to"] as number);
    else if (line.op === "gem_new") this.#emit(file, { ...line, bo: this.#created(file, bo as number) });
    else if (line.op === "channel_new") {
      const notifier = line["notifier_bo"] as number | undefined;
      const made = notifier === undefined ? {} : { notifier_bo: this.#created(file, notifier) };
      this.#emit(file, { ...line, ...made });
    } else if (line.op === "prime_import") this.#imported(file, line);
    else if (line.op === "submit") {
      const bos = (line["bos"] as readonly number[]).map((handle) => this.#known(file, handle, line.op) ?? 0);
      this.#emit(file, { ...line, bos });
    } else if (line.op === "vm_bind") this.#bound(file, line);
    else if (line.op === "syncobj_export") this.#exported(file, line);
    else if (line.op === "syncobj_import") this.#syncobjImported(file, line);
    else if (bo === undefined) this.#emit(file, line);
    else {
      const serial = this.#known(file, bo, line.op);
      if (serial === undefined) return;
      if (line.op === "gem_close") file.close(bo);
      this.#emit(file, { ...line, bo: serial });
    }
  }

  #imported(file: DrmFile, line: LogLine): void {
    const handle = line["bo"] as number;
    const size = line["size"] as number;
    const serial = file.serial(handle);
    if (size === 0) this.tally.miss("prime_import of a buffer whose size could not be found out");
    else if (serial === undefined)
      this.#emit(file, { ...line, bo: this.#created(file, handle), size, new: 1 });
    else this.#emit(file, { ...line, bo: serial, size, new: 0 });
  }

  #bound(file: DrmFile, line: LogLine): void {
    const all = line["ops"] as unknown[][];
    const lists = line["sync_ops"] as unknown[] | undefined;
    const ops: unknown[][] = [];
    const kept: unknown[] = [];
    for (const [i, op] of all.entries()) {
      if (op[0] === "?") this.tally.miss("an operation of a bind that is not known");
      else {
        const bo = this.#known(file, op[1] as number, line.op);
        if (bo === undefined) continue;
        ops.push([op[0], bo, ...op.slice(2)]);
        kept.push(lists?.[i]);
      }
    }
    if (ops.length === 0 && all.length > 0) return;
    // A list for each operation goes with it; one is of the whole call.
    const each = lists !== undefined && lists.length > 1;
    this.#emit(file, each ? { ...line, ops, sync_ops: kept } : { ...line, ops });
  }

  #exported(file: DrmFile, line: LogLine): void {
    const trace = this.#trace(file, line.t);
    const fd = ++trace.descriptors;
    this.#descriptors.set(line["fd"] as number, { trace, fd });
    this.#emit(file, { ...line, fd });
  }

  /** A descriptor that was not seen to be made came from elsewhere. */
  #syncobjImported(file: DrmFile, { fd, ...line }: LogLine): void {
    const of = this.#descriptors.get(fd as number);
    const own = of !== undefined && of.trace === this.#traces.get(file.driver);
    this.#emit(file, own ? { ...line, fd: of.fd } : line);
  }

  #known(file: DrmFile, handle: number, op: string): number | undefined {
    const serial = file.serial(handle);
    if (serial === undefined) this.tally.miss(`${op} of a handle whose beginning was not seen`);
    return serial;
  }

  #created(file: DrmFile, handle: number): number {
    const trace = this.#trace(file, this.#lastTime);
    trace.serials++;
    if (file.open(handle, trace.serials))
      this.tally.miss("a handle was given out again, its close was not seen");
    return trace.serials;
  }

  #trace(file: DrmFile, t: number): Open {
    let trace = this.#traces.get(file.driver);
    if (trace === undefined) {
      trace = {
        driver: file.driver,
        first: t,
        last: t,
        events: 0,
        submits: 0,
        serials: 0,
        files: 0,
        descriptors: 0,
      };
      this.#traces.set(file.driver, trace);
    }
    return trace;
  }

  #emit(file: DrmFile, line: LogLine): void {
    const trace = this.#trace(file, line.t);
    file.index ??= trace.files++;
    trace.last = line.t;
    trace.events++;
    if (line.op === "submit" || line.op === "exec") trace.submits++;
    this.#out(trace.driver, json({ ...line, t: line.t - trace.first, f: file.index }));
  }
}
