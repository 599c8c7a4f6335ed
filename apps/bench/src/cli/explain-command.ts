import { buildCommand, type Command } from "@stricli/core";
import type { ExplainArgs } from "../commands/explain.ts";
import type { BenchContext } from "./context.ts";
import { terminalWidth } from "./output.ts";
import { nonNegative, positive, word } from "./parse.ts";

interface Flags {
  readonly policy: string;
  readonly ownership: ExplainArgs["ownership"];
  readonly bo: number;
  readonly file: number;
  readonly at: ExplainArgs["at"];
  readonly format: ExplainArgs["format"];
}

/** `gpuvm-bench explain` */
export const explainCommand: Command<BenchContext> = buildCommand<Flags, [string], BenchContext>({
  docs: {
    brief: "Who keeps a buffer of a trace alive, and who keeps them",
    fullDescription: [
      "Replays a trace with every reference on the books, stops at a time, and follows the holders of one buffer.",
      "",
      "  gpuvm-bench explain msm-vmbind-zink-supertuxkart --policy msm:vm-bind --bo 12 --at 5000",
      "  gpuvm-bench explain my.jsonl.gz --policy msm:hard-naive --bo 3 --at exit",
      "",
      "Exit codes: 0; 1 it is kept although its program has ended; 2 wrong usage or unreadable input; 4 not all of the",
      "trace was understood.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      policy: { kind: "parsed", parse: word, brief: "DRIVER or DRIVER:VARIANT", placeholder: "P" },
      ownership: {
        kind: "enum",
        values: ["native", "soft", "hard"],
        default: "native",
        brief: "Whether vm_bos count their BO; native: as the driver does",
      },
      bo: { kind: "parsed", parse: positive, brief: "The buffer's number in the trace", placeholder: "ID" },
      file: {
        kind: "parsed",
        parse: nonNegative,
        default: "0",
        brief: "The DRM file that it belongs to",
        placeholder: "F",
      },
      at: {
        kind: "parsed",
        parse: (text: string) => (text === "end" || text === "exit" ? text : nonNegative(text)),
        default: "end",
        brief: "Trace time in milliseconds; end: before the program ends; exit: after",
        placeholder: "MS",
      },
      format: { kind: "enum", values: ["text", "json"], default: "text", brief: "What is printed" },
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Trace file, or the name of a shipped one", parse: word, placeholder: "TRACE" }],
    },
    aliases: { f: "format" },
  },
  func: async function (flags, trace) {
    const { runExplain } = await import("../commands/explain.ts");
    await this.finish(() => runExplain({ ...flags, trace, width: terminalWidth() }, this.print));
  },
});
