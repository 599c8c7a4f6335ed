import { buildCommand, type Command } from "@stricli/core";
import type { BenchContext } from "./context.ts";
import { someFiles, word } from "./parse.ts";

/** `gpuvm-bench merge` */
export const mergeCommand: Command<BenchContext> = buildCommand<
  { readonly out?: string },
  string[],
  BenchContext
>({
  docs: {
    brief:
      "Join the parts of a run, of an exploration or of bugs that was split with --shard, or samples of several runs",
    fullDescription: [
      "Replays that several files have must be counted alike in all of them; their samples are put together.",
      "",
      "  gpuvm-bench run --shard 1/2 --format json --out part-1.json",
      "  gpuvm-bench run --shard 2/2 --format json --out part-2.json",
      "  gpuvm-bench merge part-1.json part-2.json -o results.json",
      "",
      "  gpuvm-bench explore powervr --shard 1/2 --json > part-1.json",
      "  gpuvm-bench explore powervr --shard 2/2 --json > part-2.json",
      "  gpuvm-bench merge part-1.json part-2.json",
      "",
      "Parts of explore and bugs come to the bytes that these write with --json and without --shard.",
      "",
      "Exit codes: 0; 1 as explore or bugs would without --shard; 2 unreadable input, or files that do not go together.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      out: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "The result file to write; default: standard output",
        placeholder: "FILE",
      },
    },
    positional: {
      kind: "array",
      minimum: 1,
      parameter: { brief: "Result files, or parts of an exploration", parse: word, placeholder: "RESULTS" },
    },
    aliases: { o: "out" },
  },
  func: async function ({ out }, ...files) {
    const { runMerge } = await import("../commands/merge.ts");
    await this.finish(() => runMerge({ files: someFiles(files), out }, this.print));
  },
});
