import { availableParallelism } from "node:os";
import { buildCommand, type Command } from "@stricli/core";
import type { Shard } from "../run/plan.ts";
import type { BenchContext } from "./context.ts";
import { terminalWidth } from "./output.ts";
import { shard, word } from "./parse.ts";
import { Progress } from "./progress.ts";

interface Flags {
  readonly json: boolean;
  readonly shard?: Shard;
}

/** `gpuvm-bench bugs` */
export const bugsCommand: Command<BenchContext> = buildCommand<Flags, string[], BenchContext>({
  docs: {
    brief: "Real upstream bugs: each found in its buggy form, and absent in the fixed one",
    fullDescription: [
      "Searches every interleaving of the smallest scenario of each bug of the catalogue, in both forms.",
      "",
      "  gpuvm-bench bugs",
      "  gpuvm-bench bugs X4 P5",
      "  gpuvm-bench explore --bug X4      the counterexample, step by step",
      "",
      "Exit codes: 0; 1 a bug was not found, or something was found in a fixed form; 2 wrong usage.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      json: { kind: "boolean", default: false, withNegated: false, brief: "Results as JSON" },
      shard: {
        kind: "parsed",
        parse: shard,
        optional: true,
        brief: "Only every n-th bug",
        placeholder: "I/N",
      },
    },
    positional: {
      kind: "array",
      parameter: { brief: "Numbers of the catalogue", parse: word, placeholder: "ID" },
    },
  },
  func: async function (flags, ...ids) {
    const { runBugs } = await import("../commands/bugs.ts");
    const progress = new Progress({ total: Number.NaN, unit: "searches" });
    const told = (done: number, total: number, what: string) => progress.show(done, what, total);
    const args = { workers: availableParallelism(), width: terminalWidth(), progress: told, ...flags, ids };
    await this.finish(() =>
      runBugs(args, (text) => {
        progress.end();
        this.print(text);
      }),
    );
  },
});
