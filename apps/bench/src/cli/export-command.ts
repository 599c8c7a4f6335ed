import { buildCommand, type Command } from "@stricli/core";
import type { ExportFormat } from "../export/export-args.ts";
import type { BenchContext } from "./context.ts";
import { nonNegative, word } from "./parse.ts";

interface Flags {
  readonly format: ExportFormat;
  readonly out?: string;
  readonly policy?: string;
  readonly at?: number;
  readonly keepPointers: boolean;
}

/** `gpuvm-bench export` */
export const exportCommand: Command<BenchContext> = buildCommand<Flags, [string], BenchContext>({
  docs: {
    brief: "Write a trace, a dump, or what a policy makes of it, for other tools: Perfetto, gpuvas, csv",
    fullDescription: [
      "Reads what import reads. Without --policy: the trace or dump itself. With it: its replay, with the lifetimes of",
      "buffers and VMs, what lives on after its last handle, and counters.",
      "",
      "  gpuvm-bench export mine.jsonl.gz --format perfetto -o mine.pftrace",
      "  gpuvm-bench export mine.jsonl.gz --policy powervr --format perfetto -o replay.pftrace",
      "  gpuvm-bench export mine.jsonl.gz --format gpuvas --at 1500",
      "  gpuvm-bench export gpuvas.txt --format csv",
      "",
      "Addresses are text in csv and chrome, as numbers would lose digits. gpuvas gives numbers for kernel pointers.",
      "Exit codes: 0; 2 unreadable input; 4 written, but events were lost or lines not understood; 130 interrupted.",
      "Nothing is left half-written.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      format: {
        kind: "enum",
        values: ["perfetto", "chrome", "gpuvas", "csv", "markdown", "benchstat"],
        brief: "What is written",
      },
      out: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Write there instead of to standard output",
        placeholder: "FILE",
      },
      policy: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "DRIVER or DRIVER:VARIANT: what it makes of the trace",
        placeholder: "P",
      },
      at: {
        kind: "parsed",
        parse: nonNegative,
        optional: true,
        brief: "gpuvas of a trace: trace time in milliseconds; default: the end",
        placeholder: "MS",
      },
      keepPointers: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "gpuvas of a gpuvas: leave kernel pointers as they are",
      },
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Trace or dump; - is standard input", parse: word, placeholder: "FILE" }],
    },
    aliases: { o: "out", f: "format" },
  },
  func: async function (flags, file) {
    const { runExport } = await import("../commands/export.ts");
    await this.finish(() =>
      runExport({ ...flags, file, out: flags.out, policy: flags.policy, at: flags.at }),
    );
  },
});
