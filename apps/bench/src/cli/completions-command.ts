import { UsageError } from "@gpuvm/drm-model";
import { buildCommand, type Command } from "@stricli/core";
import { SCRIPTS, SHELLS, type Shell } from "../completion/scripts.ts";
import type { BenchContext } from "./context.ts";

/** `gpuvm-bench completions` */
export const completionsCommand: Command<BenchContext> = buildCommand<
  Readonly<Record<never, never>>,
  [string],
  BenchContext
>({
  docs: {
    brief: "A script that teaches your shell to complete this program's words: bash, zsh or fish",
    fullDescription: [
      "Commands, flags, policies and workloads; files as always. For now, or in your shell's start file:",
      "",
      "  source <(gpuvm-bench completions bash)",
      "  source <(gpuvm-bench completions zsh)",
      "  gpuvm-bench completions fish | source",
    ].join("\n"),
  },
  parameters: {
    flags: {},
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "bash, zsh or fish",
          parse: (shell) => shell,
          placeholder: "SHELL",
          proposeCompletions: (partial) => SHELLS.filter((shell) => shell.startsWith(partial)),
        },
      ],
    },
  },
  func: async function (_flags, shell) {
    await this.finish(() => {
      if (!SHELLS.includes(shell as Shell)) {
        throw new UsageError(`unknown shell "${shell}": take one of ${SHELLS.join(", ")}`);
      }
      this.print(SCRIPTS[shell as Shell]);
      return 0;
    });
  },
});
