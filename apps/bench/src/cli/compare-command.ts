import { buildCommand, type Command } from "@stricli/core";
import type { BenchContext } from "./context.ts";
import { terminalWidth } from "./output.ts";
import { percentage, word } from "./parse.ts";

interface Flags {
  readonly threshold: number;
  readonly failOn?: "regression";
  readonly all: boolean;
  readonly format: "table" | "json" | "markdown";
}

/** `gpuvm-bench compare` */
export const compareCommand: Command<BenchContext> = buildCommand<Flags, [string, string], BenchContext>({
  docs: {
    brief: "Compare two result files: what got better or worse, and what is not shown",
    fullDescription: [
      "Matches replays by trace and policy. Counted figures are exact; times are compared by a permutation test.",
      "",
      "  gpuvm-bench run --samples 10 --format json --out old.json",
      "  gpuvm-bench run --samples 10 --format json --out new.json",
      "  gpuvm-bench compare old.json new.json --threshold 5% --fail-on regression",
      "",
      "Exit codes: 0; 2 unreadable input; 3 with --fail-on regression, if something got worse.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      threshold: {
        kind: "parsed",
        parse: percentage,
        default: "1%",
        brief: "Smaller differences do not count",
        placeholder: "P",
      },
      failOn: {
        kind: "enum",
        values: ["regression"],
        optional: true,
        brief: "Answer 3 if something got worse",
      },
      all: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Every figure, not only those that differ",
      },
      format: {
        kind: "enum",
        values: ["table", "json", "markdown"],
        default: "table",
        brief: "What is printed",
      },
    },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "Result file to compare with", parse: word, placeholder: "BEFORE" },
        { brief: "Result file that is compared", parse: word, placeholder: "AFTER" },
      ],
    },
  },
  func: async function ({ failOn, ...flags }, before, after) {
    const { runCompare } = await import("../commands/compare.ts");
    await this.finish(() =>
      runCompare(
        { ...flags, before, after, failOnRegression: failOn === "regression", width: terminalWidth() },
        this.print,
      ),
    );
  },
});
