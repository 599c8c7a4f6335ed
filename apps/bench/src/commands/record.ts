import { UsageError } from "@gpuvm/drm-model";
import { convertLogs, KNOWN_DRIVERS, type Recording, recordProgram } from "@gpuvm/record/node";
import { count } from "@gpuvm/results/units";
import { EXIT } from "../cli/context.ts";
import { checkOutputs } from "../cli/outputs.ts";
import { say as toStderr } from "../cli/say.ts";

/** The arguments of `record`. */
export interface RecordArgs {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The first trace; none: called as the program. */
  readonly out?: string;
  /** Logs of an earlier recording; then nothing is run. */
  readonly fromLogs?: string;
  /** Without the programs that the program starts. */
  readonly pidOnly: boolean;
  /** Seconds from the start after which nothing is recorded. */
  readonly maxSeconds?: number;
  /** Megabytes of one process's log after which nothing is recorded. */
  readonly maxMb?: number;
}

/**
 * Runs a program and writes traces of what it asked of its DRM driver.
 *
 * @returns the exit code: 0; 2 if there was nothing to record; 4 if the traces are not the whole
 */
export async function runRecord(args: RecordArgs, say: (line: string) => void = toStderr): Promise<number> {
  checkOutputs([args.out]);
  if (args.fromLogs !== undefined && args.command.length > 0)
    throw new UsageError(`--from-logs runs nothing: leave out ${args.command.join(" ")}`);
  const recording =
    args.fromLogs === undefined
      ? await run(args, say)
      : await convertLogs(args.fromLogs, { out: args.out ?? "recorded.jsonl.gz" });
  for (const { program, driver, events, boCount, submits, file } of recording.traces) {
    const what = `${count(events)} requests, ${count(boCount)} buffers, ${count(submits)} submits`;
    say(`${program} on ${driver}: ${what} into ${file}\n`);
  }
  for (const words of recording.notes) say(`left out: ${words}\n`);
  for (const words of recording.missing) say(`not the whole: ${words}\n`);
  const [first] = recording.traces;
  if (first === undefined) {
    say(`nothing was recorded: ${whyNothing(recording)}\n`);
    return EXIT.usage;
  }
  say(`next: gpuvm-bench run --trace ${first.file} --details\n`);
  return recording.missing.length === 0 ? EXIT.ok : EXIT.incomplete;
}

async function run(args: RecordArgs, say: (text: string) => void): Promise<Recording> {
  const { command, out, pidOnly, maxSeconds, maxMb } = args;
  if (command.length === 0)
    throw new UsageError("name the program to record: gpuvm-bench record -- PROGRAM ARGS");
  const recording = await recordProgram(command, {
    pidOnly,
    ...(out === undefined ? {} : { out }),
    ...(maxSeconds === undefined ? {} : { maxSeconds }),
    ...(maxMb === undefined ? {} : { maxMegabytes: maxMb }),
  });
  const ended = recording.signal === undefined ? `exit code ${recording.code}` : recording.signal;
  if (recording.code !== 0) say(`the program ended with ${ended}\n`);
  return recording;
}

function whyNothing({ processes, drivers }: Recording): string {
  if (processes.length === 0)
    return "the library was not loaded; the program is static, set-user-ID, has file capabilities, or clears LD_PRELOAD";
  if (drivers.length === 0)
    return "no process opened a device of DRM; is there a /dev/dri/renderD128, may you open it, and does the program use the GPU?";
  const known = drivers.filter((driver) => KNOWN_DRIVERS.includes(driver));
  return known.length > 0
    ? `the files of ${known.join(", ")} that were opened were asked for nothing that concerns memory`
    : `the driver is ${drivers.join(", ")}; those that can be recorded are ${KNOWN_DRIVERS.join(", ")}`;
}
