/** The logs of a recording to traces. */
import {
  closeSync,
  createReadStream,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, join } from "node:path";
import { TRACE_FORMAT, TRACE_VERSION, type TraceHeader } from "@gpuvm/drm-model";
import { encodeTrace, readTrace, writeTrace } from "@gpuvm/trace/node";
import { ENDED_SILENTLY, LogReader, type TraceFacts } from "../log-reader.ts";
import { Tally } from "../tally.ts";
import { logLines } from "./read-lines.ts";
import { RecordError } from "./record-error.ts";

/** A process that the library was loaded in. */
export interface RecordedProcess {
  readonly pid: number;
  readonly parent: number;
  /** `start`: a program began; `fork`: a copy of its parent; `full`: the log could not be written any further. */
  readonly how: "start" | "fork" | "full";
  /** Path of the program. */
  readonly exe: string;
}

/** One trace that was written. */
export interface RecordedTrace extends TraceFacts {
  readonly file: string;
  readonly pid: number;
  readonly program: string;
}

/** What a recording gave. */
export interface Recording {
  readonly traces: readonly RecordedTrace[];
  /** Every process that was watched, in the order of their beginning. */
  readonly processes: readonly RecordedProcess[];
  /** Names of the kernel drivers whose files were opened, also those that can't be recorded. */
  readonly drivers: readonly string[];
  /** What is not in the traces and need not be, counted. */
  readonly notes: readonly string[];
  /** What is not in the traces though it should be, counted. */
  readonly missing: readonly string[];
}

/** What the traces are to be called, and what to say of the program's end. */
export interface ConvertOptions {
  /** The first trace's file; others get `-2`, `-3` before its ending. */
  readonly out: string;
  /** Pid of the program that was started, and how it ended where a signal ended it. */
  readonly main?: { readonly pid: number; readonly signal: string | undefined };
}

const FLUSH = 1 << 20;

/** Lines on their way into a file. */
class LineFile {
  readonly path: string;
  readonly #fd: number;
  #text = "";

  constructor(path: string) {
    this.path = path;
    this.#fd = openSync(path, "w");
  }

  add(line: string): void {
    this.#text += `${line}\n`;
    if (this.#text.length > FLUSH) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#fd);
  }

  #flush(): void {
    writeSync(this.#fd, this.#text);
    this.#text = "";
  }
}

/** `a/trace.jsonl.gz`, 2: `a/trace-2.jsonl.gz`. */
export function numbered(out: string, n: number): string {
  return n === 1 ? out : out.replace(/((?:\.jsonl?)?(?:\.gz)?)$/, `-${n}$1`);
}

function processesOf(folder: string): RecordedProcess[] {
  const file = join(folder, "processes");
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as RecordedProcess);
}

interface Log {
  readonly pid: number;
  /** Which of the logs of this pid: each program that it became by exec has its own. */
  readonly n: number;
  readonly file: string;
}

function logsOf(folder: string, processes: readonly RecordedProcess[]): Log[] {
  const order = new Map<number, number>();
  for (const [i, { pid }] of processes.entries()) if (!order.has(pid)) order.set(pid, i);
  const logs = readdirSync(folder).flatMap((name) => {
    const [, pid, n] = /^(\d+)\.(\d+)\.log$/.exec(name) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), n: Number(n), file: join(folder, name) }];
  });
  return logs.sort((a, b) => (order.get(a.pid) ?? 0) - (order.get(b.pid) ?? 0) || a.n - b.n);
}

async function* headed(header: TraceHeader, file: string): AsyncGenerator<Uint8Array> {
  yield encodeTrace(header, []);
  for await (const chunk of createReadStream(file)) yield chunk as Uint8Array;
}

/**
 * Makes traces of the logs in a folder: one for each process and driver that asked something of a buffer.
 *
 * @throws TraceError when a trace can't be written; then nothing is left of it. RecordError where there is no such folder.
 */
export async function convertLogs(folder: string, options: ConvertOptions): Promise<Recording> {
  if (!existsSync(folder)) throw new RecordError(`there is no folder ${folder} of logs`);
  if (!statSync(folder).isDirectory()) throw new RecordError(`${folder} is a file, not a folder of logs`);
  const processes = processesOf(folder);
  const drivers = new Set<string>();
  const notes = new Tally();
  const traces: RecordedTrace[] = [];
  for (const { pid, n, file } of logsOf(folder, processes)) {
    const own = processes.filter((process) => process.pid === pid);
    const started = own.filter(({ how }) => how !== "full");
    const exe = (started[n - 1] ?? started.at(-1))?.exe ?? "";
    const lines = new Map<string, LineFile>();
    const reader = new LogReader((driver, line) => {
      let to = lines.get(driver);
      if (to === undefined) {
        to = new LineFile(`${file}.${driver}`);
        lines.set(driver, to);
      }
      to.add(line);
    });
    for await (const line of logLines(file, () =>
      reader.tally.note("a line that was being written when the process ended"),
    ))
      reader.read(line);
    if (own.some(({ how }) => how === "full"))
      reader.tally.miss("the disk was full: the rest of the recording");
    const facts = reader.finish(endOf(pid, n, started, options));
    for (const to of lines.values()) to.close();
    for (const driver of reader.drivers) drivers.add(driver);
    notes.add(reader.tally);
    for (const fact of facts) {
      const program = basename(exe);
      const out = numbered(options.out, traces.length + 1);
      const header: TraceHeader = {
        format: TRACE_FORMAT,
        version: TRACE_VERSION,
        driver: fact.driver,
        program,
        capturedWith: "gpuvm-bench record: a preloaded library that watches the program's ioctls",
        events: fact.events,
        boCount: fact.boCount,
        submits: fact.submits,
        durationMs: fact.durationMs,
      };
      const path = (lines.get(fact.driver) as LineFile).path;
      const trace = await readTrace(headed(header, path), { file: path });
      await writeTrace(out, header, trace, { files: fact.files > 1 });
      rmSync(path);
      traces.push({ ...fact, file: out, pid, program });
    }
  }
  return { traces, processes, drivers: [...drivers], notes: notes.notes, missing: notes.missing };
}

function endOf(
  pid: number,
  n: number,
  started: readonly RecordedProcess[],
  { main }: ConvertOptions,
): string {
  if (n < started.length) return "the process became another program (exec); no cleanup seen";
  const signal = main?.pid === pid ? main.signal : undefined;
  return signal === undefined ? ENDED_SILENTLY : `program stopped by ${signal}; no cleanup seen`;
}
