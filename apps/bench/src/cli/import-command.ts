import type { ImportFormat } from "@gpuvm/trace";
import { buildCommand, type Command } from "@stricli/core";
import type { BenchContext } from "./context.ts";
import { fromFlag } from "./from-flag.ts";
import { someFiles, word } from "./parse.ts";

/** `gpuvm-bench import` */
export const importCommand: Command<BenchContext> = buildCommand<
  { readonly out?: string; readonly from?: ImportFormat },
  string[],
  BenchContext
>({
  docs: {
    brief: "Make a trace of what you already have: gpuvas, trace-cmd text, binding reports, dumps",
    fullDescription: [
      "Reads, plain or gzip, told apart by their first lines:",
      "  events  trace-cmd report, tracefs and perf text (xe_vma_*, amdgpu_vm_bo_*, drm_sched_*, dma_fence_*),",
      "          Vulkan address binding reports (RADV, vkd3d-proton), RADV's history of buffers, msm devcoredump,",
      "          gpu-bo-trace",
      "  states  debugfs gpuvas, msm gem, panthor and panfrost gems, xe devcoredump",
      "Several files of events are clients side by side. Several files of states are one machine, dumped again and",
      "again: what lies between two dumps becomes binds and unbinds.",
      "",
      "  gpuvm-bench import trace-cmd.txt -o mine.jsonl.gz",
      "  gpuvm-bench import gpuvas-1.txt gpuvas-2.txt gpuvas-3.txt -o mine.jsonl.gz",
      "  trace-cmd report | gpuvm-bench import - -o mine.jsonl.gz",
      "",
      "What asks nothing of a driver is counted. What is not understood is named, and so are events that were lost.",
      "",
      "Exit codes: 0; 2 unreadable input, with file and line; 4 written, but events were lost or lines not understood;",
      "130 interrupted. Nothing is left half-written.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      from: fromFlag,
      out: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "The trace to write, gzip if it ends in .gz; default: standard output",
        placeholder: "FILE",
      },
    },
    positional: {
      kind: "array",
      minimum: 1,
      parameter: { brief: "Files; - is standard input", parse: word, placeholder: "FILE" },
    },
    aliases: { o: "out" },
  },
  func: async function ({ out, ...flags }, ...files) {
    const { runImport } = await import("../commands/import.ts");
    await this.finish(() => runImport({ ...flags, files: someFiles(files), out }, this.print));
  },
});
