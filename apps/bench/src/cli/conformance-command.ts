import { buildCommand, type Command } from "@stricli/core";
import type { BenchContext } from "./context.ts";
import { terminalWidth } from "./output.ts";
import { word } from "./parse.ts";

/** `gpuvm-bench conformance` */
export const conformanceCommand: Command<BenchContext> = buildCommand<
  { readonly json: boolean },
  string[],
  BenchContext
>({
  docs: {
    brief: "Replay recorded answers of the kernel's own code; every difference is shown",
    fullDescription: [
      "Replays golden vectors (default: those that come with the project) and compares every answer.",
      "",
      "  gpuvm-bench conformance",
      "  gpuvm-bench conformance --json my-vectors.jsonl.gz",
      "",
      "Exit codes: 0 all as the kernel answered; 1 a difference; 2 unreadable input.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      json: { kind: "boolean", default: false, withNegated: false, brief: "Counts as one JSON object" },
    },
    positional: {
      kind: "array",
      parameter: { brief: "Files of golden vectors", parse: word, placeholder: "FILE" },
    },
  },
  func: async function ({ json }, ...files) {
    const { runConformance } = await import("../commands/conformance.ts");
    await this.finish(() => runConformance({ files, json, width: terminalWidth() }, this.print));
  },
});
