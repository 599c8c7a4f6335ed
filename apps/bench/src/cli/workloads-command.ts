import { buildCommand, type Command } from "@stricli/core";
import type { BenchContext } from "./context.ts";
import { terminalWidth } from "./output.ts";
import { nonNegative, word } from "./parse.ts";

interface Flags {
  readonly seed: number;
  readonly out?: string;
  readonly format: "table" | "markdown" | "json";
}

/** `gpuvm-bench workloads` */
export const workloadsCommand: Command<BenchContext> = buildCommand<Flags, string[], BenchContext>({
  docs: {
    brief: "The generated workloads: their parameters, and their figures beside the traces they imitate",
    fullDescription: [
      "Generated workloads are neutral: every policy is asked for the same. The same seed gives the same requests.",
      "",
      "  gpuvm-bench workloads",
      "  gpuvm-bench workloads sparse:pages=8",
      "  gpuvm-bench workloads flips:hz=120,seconds=5 -o flips.jsonl.gz",
      "",
      "Exit codes: 0; 2 no such workload or parameter; 130 interrupted.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      seed: { kind: "parsed", parse: nonNegative, default: "1", brief: "Seed", placeholder: "N" },
      out: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Write the workload as a trace there",
        placeholder: "FILE",
      },
      format: {
        kind: "enum",
        values: ["table", "markdown", "json"],
        default: "table",
        brief: "What is printed",
      },
    },
    positional: {
      kind: "array",
      parameter: { brief: "NAME or NAME:key=value,...", parse: word, placeholder: "W" },
    },
    aliases: { o: "out", f: "format" },
  },
  func: async function (flags, ...specs) {
    const { runWorkloads } = await import("../commands/workloads.ts");
    await this.finish(() =>
      runWorkloads({ ...flags, specs, out: flags.out, width: terminalWidth() }, this.print),
    );
  },
});
