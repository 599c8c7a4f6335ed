import { buildCommand, type Command } from "@stricli/core";
import type { BenchContext } from "./context.ts";
import { someFiles, word } from "./parse.ts";

/** `gpuvm-bench report` */
export const reportCommand: Command<BenchContext> = buildCommand<
  { readonly out?: string },
  string[],
  BenchContext
>({
  docs: {
    brief: "One HTML page of result files: retention, mappings, locks, address spaces, what is left and why",
    fullDescription: [
      "The page is self-contained: no script, nothing is fetched; light and dark, for a phone, for paper.",
      "Replays that several files have stand side by side.",
      "",
      "  gpuvm-bench run --format json --out results.json",
      "  gpuvm-bench report results.json -o report.html",
      "",
      "Exit codes: 0; 2 unreadable input.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      out: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "The page to write; default: standard output",
        placeholder: "FILE",
      },
    },
    positional: {
      kind: "array",
      minimum: 1,
      parameter: { brief: "Result files of run --format json", parse: word, placeholder: "RESULTS" },
    },
    aliases: { o: "out" },
  },
  func: async function ({ out }, ...files) {
    const { runReport } = await import("../commands/report.ts");
    await this.finish(() => runReport({ files: someFiles(files), out }, this.print));
  },
});
