import { UsageError } from "@gpuvm/drm-model";
import { buildCommand, type Command } from "@stricli/core";
import type { WhyArgs } from "../commands/why.ts";
import type { BenchContext } from "./context.ts";
import { terminalWidth } from "./output.ts";
import { word } from "./parse.ts";

interface Flags {
  readonly policy?: readonly string[];
  readonly ownership: WhyArgs["ownership"];
  readonly format: WhyArgs["format"];
  readonly svg?: string;
}

/** `gpuvm-bench why` */
export const whyCommand: Command<BenchContext> = buildCommand<Flags, string[], BenchContext>({
  docs: {
    brief: "A policy's reference graph: its reference loops, what breaks each, or that nothing does",
    fullDescription: [
      "Finds the cycles of obligations in what a policy declares (an object is freed after what holds it; what must",
      "be torn down goes with whoever has that duty), and for each the events that break it.",
      "",
      "  gpuvm-bench why msm --ownership hard",
      "  gpuvm-bench why msm:mainline nouveau:legacy",
      "  gpuvm-bench why powervr:6.11 --svg graph.svg",
      "",
      "Exit codes: 0; 1 there is a reference loop that nothing breaks, or nothing tells a mapping that its object went; 2 wrong usage.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      policy: {
        kind: "parsed",
        parse: word,
        variadic: true,
        optional: true,
        brief: "DRIVER or DRIVER:VARIANT; default: every driver's default",
        placeholder: "P",
      },
      ownership: {
        kind: "enum",
        values: ["native", "soft", "hard"],
        default: "native",
        brief: "Whether vm_bos count their BO; native: as the driver does",
      },
      format: { kind: "enum", values: ["text", "json"], default: "text", brief: "What is printed" },
      svg: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Draw the graph of the one policy into this file",
        placeholder: "FILE",
      },
    },
    positional: {
      kind: "array",
      parameter: { brief: "More policies", parse: word, placeholder: "POLICY" },
    },
    aliases: { f: "format" },
  },
  func: async function (flags, ...words) {
    const { runWhy } = await import("../commands/why.ts");
    const policy = [...(flags.policy ?? []), ...words];
    await this.finish(() => {
      if (flags.svg !== undefined && policy.length !== 1)
        throw new UsageError("--svg draws one policy: name one");
      return runWhy({ ...flags, policy, svg: flags.svg, width: terminalWidth() }, this.print);
    });
  },
});
