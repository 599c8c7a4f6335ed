/** Runs a program with the recorder in it. */
import { spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { systemReason } from "@gpuvm/trace";
import { buildLibrary, cacheFolder } from "./build-library.ts";
import { convertLogs, type Recording } from "./convert-logs.ts";
import { findProgram, whyNotWatched } from "./examine-program.ts";
import { RecordError } from "./record-error.ts";

/** Options of {@link recordProgram}. */
export interface RecordOptions {
  /** The trace's file; gzip if it ends in `.gz`. Default: the program's name with `.jsonl.gz`, in the working folder. */
  readonly out?: string;
  /** Only the program itself, not the programs that it starts. */
  readonly pidOnly?: boolean;
  /** Record for so many seconds; the program goes on. */
  readonly maxSeconds?: number;
  /** Record until a process has a log of so many megabytes (10^6 bytes); the program goes on. */
  readonly maxMegabytes?: number;
  /** Where the library is kept that is built. */
  readonly cache?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What the program gets as standard input, output and error. Default: what this process has. */
  readonly stdio?: "inherit" | "ignore";
}

/** What {@link recordProgram} gives. */
export interface ProgramRecording extends Recording {
  /** The program's exit code; undefined if a signal ended it. */
  readonly code: number | undefined;
  /** The signal that ended it. */
  readonly signal: NodeJS.Signals | undefined;
}

/** Signals that ask a program to end: the program gets them, what it did is still written down. */
const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs a program to its end and writes what it asked of its DRM driver: a `gpu-bo-trace` for each process and driver. Ctrl-C and
 * SIGTERM go to the program.
 *
 * @param command - The program and its arguments.
 * @throws RecordError when it can't be found or watched, or the recorder can't be built. Also when a trace can't
 * be written: then the logs are kept, and the message says where.
 *
 * @example
 * ```ts
 * import { tmpdir } from "node:os";
 * import { cannotRecord, recordProgram } from "@gpuvm/record/node";
 * if (cannotRecord() === undefined) {
 *   const options = { out: "node.jsonl.gz", cache: tmpdir(), stdio: "ignore" } as const;
 *   const { code, traces } = await recordProgram(["node", "--version"], options);
 *   console.assert(code === 0 && traces.length === 0); // it asks nothing of a GPU
 * }
 * ```
 */
export async function recordProgram(
  command: readonly string[],
  options: RecordOptions = {},
): Promise<ProgramRecording> {
  const [name = "", ...args] = command;
  const env = options.env ?? process.env;
  const program = findProgram(name, env["PATH"]);
  const why = whyNotWatched(program);
  if (why !== undefined) throw new RecordError(why);
  const out = options.out ?? `${basename(program)}.jsonl.gz`;
  mustBeWritable(out);
  const library = buildLibrary(options.cache ?? cacheFolder(env), env);
  const folder = mkdtempSync(join(tmpdir(), "gpuvm-record-"));
  let ended: Ended;
  try {
    const inherited = { ...env, ...recorderEnv(library, folder, env, options) };
    ended = await run(program, name, args, inherited, options);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const main = { pid: ended.pid, signal: ended.signal };
  let recording: Recording;
  try {
    recording = await convertLogs(folder, { out, main });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RecordError(
      `${why}\nwhat was recorded is kept in ${folder}; record --from-logs ${folder} makes the trace of it`,
      { cause },
    );
  }
  rmSync(folder, { recursive: true, force: true });
  return { ...recording, code: ended.code, signal: ended.signal };
}

/** Before the program runs: it may run for hours. */
function mustBeWritable(out: string): void {
  try {
    accessSync(dirname(out), constants.W_OK);
  } catch (cause) {
    throw new RecordError(`${out} can't be written: ${systemReason(cause, "write")}; check the folder`, {
      cause,
    });
  }
}

function recorderEnv(
  library: string,
  folder: string,
  env: NodeJS.ProcessEnv,
  { pidOnly, maxSeconds, maxMegabytes }: RecordOptions,
): NodeJS.ProcessEnv {
  const others = env["LD_PRELOAD"] ?? "";
  const until = process.hrtime.bigint() + BigInt(Math.round((maxSeconds ?? 0) * 1e9));
  return {
    LD_PRELOAD: others === "" ? library : `${library} ${others}`,
    GPUVM_RECORD_DIR: folder,
    ...(pidOnly === true ? { GPUVM_RECORD_ONLY_OF: String(process.pid) } : {}),
    ...(maxSeconds === undefined ? {} : { GPUVM_RECORD_UNTIL_NS: String(until) }),
    ...(maxMegabytes === undefined ? {} : { GPUVM_RECORD_MAX_BYTES: String(Math.round(maxMegabytes * 1e6)) }),
  };
}

interface Ended {
  readonly pid: number;
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

function run(
  program: string,
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  options: RecordOptions,
): Promise<Ended> {
  const child = spawn(program, args, { env, stdio: options.stdio ?? "inherit", argv0: name });
  // Ctrl-C reaches the program from the terminal by itself.
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const restored = PASSED_ON.map((signal) => {
    // Who listened before would end this process, and leave the program alone.
    const others = process.listeners(signal);
    const pass = (): void => void (signal === "SIGINT" && onTerminal ? false : child.kill(signal));
    process.removeAllListeners(signal);
    process.on(signal, pass);
    return () => {
      process.off(signal, pass);
      for (const other of others) process.on(signal, other as NodeJS.SignalsListener);
    };
  });
  return new Promise<Ended>((resolve, reject) => {
    child.once("error", (cause) =>
      reject(new RecordError(`${program} could not be started: ${cause.message}`, { cause })),
    );
    child.once("exit", (code, signal) =>
      resolve({ pid: child.pid ?? 0, code: code ?? undefined, signal: signal ?? undefined }),
    );
  }).finally(() => {
    for (const restore of restored) restore();
  });
}
