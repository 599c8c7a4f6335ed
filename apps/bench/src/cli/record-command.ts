import { UsageError } from "@gpuvm/drm-model";
import { buildCommand, type Command } from "@stricli/core";
import type { BenchContext } from "./context.ts";
import { nonNegative, word } from "./parse.ts";

interface Flags {
  readonly out?: string;
  readonly fromLogs?: string;
  readonly pidOnly: boolean;
  readonly maxSeconds?: number;
  readonly maxMb?: number;
}

/** More than nothing. */
function amount(input: string): number {
  const n = nonNegative(input);
  if (n === 0 || n > 1e9) throw new UsageError(`"${input}" is not a number above 0, up to 10^9`);
  return n;
}

/** `gpuvm-bench record` */
export const recordCommand: Command<BenchContext> = buildCommand<Flags, string[], BenchContext>({
  docs: {
    brief: "Record what a program asks of its DRM driver into a trace; Linux, no root needed",
    fullDescription: [
      "Runs PROGRAM with a small library preloaded that watches its ioctls, and writes a gpu-bo-trace for each process and",
      "driver: msm, nouveau, xe, panthor, powervr. Requests of other drivers, and those that no trace can tell of, are counted",
      "and named. The library is built once with the system's C compiler and kept in ~/.cache/gpuvm; nothing is installed.",
      "",
      "  gpuvm-bench record -- vkcube --c 500",
      "  gpuvm-bench record -o game.jsonl.gz --max-seconds 60 -- ./game --fullscreen",
      "",
      "The words behind -- are the program and its arguments. Ctrl-C goes to the program; what it did until then is written.",
      "If record itself is killed, its logs are left in the system's temporary folder, gpuvm-record-...: see --from-logs.",
      "With --max-seconds and --max-mb the recording ends, and the program goes on. Several traces are FILE, FILE-2, FILE-3 ...",
      "",
      "Exit codes, whatever the program's own was: 0; 2 the program can't be watched, or asked nothing of a driver; 4 written,",
      "but it is not the whole of what the program did.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      out: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "The trace to write, gzip if it ends in .gz; default: PROGRAM.jsonl.gz",
        placeholder: "FILE",
      },
      fromLogs: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Run nothing: make traces of the logs of a recording that was broken off",
        placeholder: "FOLDER",
      },
      pidOnly: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Only the program itself, not the programs that it starts",
      },
      maxSeconds: {
        kind: "parsed",
        parse: amount,
        optional: true,
        brief: "Record for so many seconds from the start",
        placeholder: "S",
      },
      maxMb: {
        kind: "parsed",
        parse: amount,
        optional: true,
        brief: "Record until the log of a process has so many megabytes, about 60 bytes a request",
        placeholder: "MB",
      },
    },
    positional: {
      kind: "array",
      parameter: { brief: "The program and its arguments, behind --", parse: word, placeholder: "PROGRAM" },
    },
    aliases: { o: "out" },
  },
  func: async function (flags, ...command) {
    const { runRecord } = await import("../commands/record.ts");
    await this.finish(() => runRecord({ ...flags, command }));
  },
});
