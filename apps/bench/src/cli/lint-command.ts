import type { ImportFormat } from "@gpuvm/trace";
import { buildCommand, type Command } from "@stricli/core";
import type { BenchContext } from "./context.ts";
import { fromFlag } from "./from-flag.ts";
import { terminalWidth } from "./output.ts";
import { nonNegative, someFiles, word } from "./parse.ts";

interface Flags {
  readonly format: "text" | "json";
  readonly max: number;
  readonly from?: ImportFormat;
  readonly failOn: "error" | "warning" | "note";
}

/** `gpuvm-bench lint` */
export const lintCommand: Command<BenchContext> = buildCommand<Flags, string[], BenchContext>({
  docs: {
    brief: "Check a trace or a dump: overlaps, leaks, buffers closed while mapped, work at unbound addresses",
    fullDescription: [
      "Reads what import reads, and dmesg. Each finding comes with the line it is about and what to do. A fault of the",
      "GPU that one file tells of is looked up in the binds of all of them.",
      "",
      "  gpuvm-bench lint gpuvas.txt",
      "  gpuvm-bench lint trace.txt dmesg.txt",
      "  gpuvm-bench lint mine.jsonl.gz --fail-on warning --format json",
      "",
      "Exit codes: 0; 1 there is an error (or what --fail-on says); 2 unreadable input;",
      "4 nothing of that, but events were lost or lines not understood; 130 interrupted.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      format: {
        kind: "enum",
        values: ["text", "json"],
        default: "text",
        brief: "What is printed; json: one object a line",
      },
      from: fromFlag,
      max: {
        kind: "parsed",
        parse: nonNegative,
        default: "20",
        brief: "Show at most so many findings of a kind for each file",
        placeholder: "N",
      },
      failOn: {
        kind: "enum",
        values: ["error", "warning", "note"],
        default: "error",
        brief: "The least severity that is answered with 1",
      },
    },
    positional: {
      kind: "array",
      minimum: 1,
      parameter: {
        brief: "Files, or folders of them; - is standard input",
        parse: word,
        placeholder: "FILE",
      },
    },
    aliases: { f: "format" },
  },
  func: async function (flags, ...files) {
    const { runLint } = await import("../commands/lint.ts");
    await this.finish(() =>
      runLint(
        {
          ...flags,
          files: someFiles(files),
          ...(process.stdout.isTTY === true ? { width: terminalWidth() } : {}),
        },
        this.print,
      ),
    );
  },
});
