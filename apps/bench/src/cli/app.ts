import { existsSync } from "node:fs";
import { UsageError } from "@gpuvm/drm-model";
import {
  type Application,
  buildApplication,
  buildRouteMap,
  type Command,
  run,
  type StricliProcess,
} from "@stricli/core";
import { propose } from "../completion/propose.ts";
import { COMPLETE } from "../completion/scripts.ts";
import { flagSchemas } from "../config/schema.ts";
import { configured } from "../config/words.ts";
import { folded } from "../format/wrapped.ts";
import { looksOutside } from "../inputs/looks-outside.ts";
import { bugsCommand } from "./bugs-command.ts";
import { compareCommand } from "./compare-command.ts";
import { completionsCommand } from "./completions-command.ts";
import { conformanceCommand } from "./conformance-command.ts";
import { type BenchContext, EXIT } from "./context.ts";
import { explainCommand } from "./explain-command.ts";
import { exploreCommand } from "./explore-command.ts";
import { exportCommand } from "./export-command.ts";
import { importCommand } from "./import-command.ts";
import { keystrokeOver, wasInterrupted } from "./interrupt.ts";
import { lintCommand } from "./lint-command.ts";
import { mergeCommand } from "./merge-command.ts";
import { microCommand, microWords } from "./micro-command.ts";
import { hasColumns, terminalWidth } from "./output.ts";
import { recordCommand } from "./record-command.ts";
import { reportCommand } from "./report-command.ts";
import { runCommand } from "./run-command.ts";
import { print, say } from "./say.ts";
import { studyCommand } from "./study-command.ts";
import { TEXTS } from "./texts.ts";
import { isUserError, saysAll } from "./user-error.ts";
import { version } from "./version.ts";
import { whyCommand } from "./why-command.ts";
import { workloadsCommand } from "./workloads-command.ts";

/** Every command by its name. */
export const COMMANDS: Readonly<Record<string, Command<BenchContext>>> = {
  run: runCommand,
  study: studyCommand,
  why: whyCommand,
  explain: explainCommand,
  explore: exploreCommand,
  bugs: bugsCommand,
  compare: compareCommand,
  report: reportCommand,
  merge: mergeCommand,
  workloads: workloadsCommand,
  record: recordCommand,
  import: importCommand,
  lint: lintCommand,
  export: exportCommand,
  conformance: conformanceCommand,
  completions: completionsCommand,
  micro: microCommand,
};

const HELP = [
  "The kernel's DRM GPUVM, executable: what soft and hard references cost, retain, leak and risk, driver by driver.",
  "",
  "Without a command: run. --json, or --format json, is understood wherever there is something to print as JSON. Times of a trace",
  "are in milliseconds. A trace is a file, - for standard input, or the name of one that comes with the project.",
  "",
  "Defaults of flags come from gpuvm.config.json, here or above up to the project's root; --config FILE names another one, or code;",
  "--no-config takes none.",
  "",
  "Exit codes, of every command: 0 fine; 1 something that was asked about is not as it should be (left behind, a hazard, a",
  "violation, a difference); 2 wrong usage or unreadable input; 3 a regression; 4 not all of the input was understood; 130 interrupted.",
].join("\n");

/** The program. */
export const app: Application<BenchContext> = buildApplication(
  buildRouteMap({
    routes: COMMANDS,
    defaultCommand: "run",
    docs: {
      brief:
        "The kernel's DRM GPUVM, executable: what soft and hard references cost, retain, leak and risk, driver by driver",
      fullDescription: HELP,
    },
  }),
  {
    name: "gpuvm-bench",
    versionInfo: { currentVersion: version() },
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    localization: { text: TEXTS },
    documentation: { caseStyle: "convert-camel-to-kebab", useAliasInUsageLine: false },
    determineExitCode: (error) => (isUserError(error) ? EXIT.usage : EXIT.violated),
  },
);

/** Signals that end the program, with what a shell answers for them. */
const ENDED = [
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const;

/**
 * Runs the program.
 *
 * @returns the exit code
 */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  let answered = false;
  const context: BenchContext = {
    process: hasColumns() ? folding() : process,
    print,
    finish: async (command) => {
      try {
        code = await command();
      } catch (error) {
        // A reader that is interrupted calls its input unreadable.
        if (wasInterrupted()) {
          say("interrupted: nothing was written\n");
          code = EXIT.interrupted;
        } else if (saysAll(error)) {
          say(`${error.message}\n`);
          code = EXIT.usage;
        } else if (error instanceof RangeError) {
          // Tables and strings that grow with what is alive in the input have an end.
          say(`the input has more at once than can be held: ${error.message}\n`);
          code = EXIT.usage;
        } else throw error;
      }
      answered = true;
    },
  };
  const [first = ""] = argv;
  // `run` takes traces and policies as words; anything else that stands first was meant as a command.
  if (
    first !== "" &&
    !first.startsWith("-") &&
    !Object.hasOwn(COMMANDS, first) &&
    first !== COMPLETE &&
    !existsSync(first)
  ) {
    const { DRIVERS } = await import("@gpuvm/drivers");
    if (!DRIVERS.some((driver) => driver.name === first.split(":", 1)[0])) return unknown(first);
  }
  process.exitCode = undefined;
  // Ended from outside: what was half-written is removed on the way out (OutputFile).
  for (const [signal, code] of ENDED)
    if (process.listenerCount(signal) === 0) process.once(signal, () => process.exit(code));
  if (first === COMPLETE) {
    context.print(await propose(app, argv.slice(1), context, COMMANDS));
    return EXIT.ok;
  }
  let words: readonly string[];
  try {
    words = await withOutside(asJson(await configured(argv, COMMANDS, say)));
  } catch (error) {
    if (!saysAll(error)) throw error;
    say(`${error.message}\n`);
    return EXIT.usage;
  }
  await run(app, words[0] === "micro" ? microWords(words) : [...words], context);
  await keystrokeOver();
  // Words that no command understood: stricli has its own, negative codes for these.
  return answered ? code : exitCodeOf(process.exitCode);
}

/** The process for the parser, which prints help: no line of it is longer than the terminal is wide. */
function folding(): StricliProcess {
  const write = (text: string) => process.stdout.write(folded(text, terminalWidth()));
  return {
    stdout: { write },
    stderr: process.stderr,
    env: process.env as Record<string, string>,
    get exitCode() {
      return process.exitCode ?? null;
    },
    set exitCode(code) {
      process.exitCode = code;
    },
  };
}

/** JSON is asked for in one way: `--json` and `--format json` mean the same in every command that has either. */
function asJson(words: readonly string[]): readonly string[] {
  const [name = ""] = words;
  const command = COMMANDS[Object.hasOwn(COMMANDS, name) ? name : "run"];
  const flags = command === undefined ? {} : flagSchemas(command);
  const format = flags["format"];
  if (!("json" in flags) && format !== undefined)
    return words.flatMap((word) => (word === "--json" ? ["--format", "json"] : [word]));
  if ("json" in flags && format === undefined) {
    const value = (i: number) =>
      ["--format", "-f"].includes(words[i] ?? "")
        ? (words[i + 1] ?? "")
        : /^--format=(.*)$/.exec(words[i] ?? "")?.[1];
    return words.flatMap((word, i) => {
      if (["--format", "-f"].includes(words[i - 1] ?? "")) return [];
      const asked = value(i);
      if (asked === undefined) return [word];
      if (asked !== "json" && asked !== "text")
        throw new UsageError(`--format: "${asked}" is none of text, json`);
      return asked === "json" ? ["--json"] : [];
    });
  }
  return words;
}

/** Flags whose value names a policy. */
const NAMES_POLICY: ReadonlySet<string> = new Set(["--policy", "-p", "--reference"]);

/** The words with policies from outside (`--policy ./my-policy.ts`) loaded, and named as all others are. */
async function withOutside(words: readonly string[]): Promise<readonly string[]> {
  // `explore` takes a module's own scenarios, too, and hands the path to its workers.
  // The words of `record` are another program's.
  if (words[0] === "explore" || words[0] === "record") return words;
  const flags = words.map((word, i) => {
    const inline = /^(--policy|--reference)=(.*)$/.exec(word);
    if (inline !== null) return { i, flag: `${inline[1]}=`, value: inline[2] ?? "" };
    if (NAMES_POLICY.has(words[i - 1] ?? "")) return { i, flag: "", value: word };
    const alone = i > 0 && !(words[i - 1] ?? "").startsWith("-") && TAKES_POLICIES.has(words[0] ?? "");
    // `run` sorts its words by the names that it knows: this one is said to be a policy.
    return alone && IS_MODULE.test(word)
      ? { i, flag: words[0] === "run" ? "--policy=" : "", value: word }
      : null;
  });
  const asked = flags.filter((flag) => flag !== null);
  if (!asked.some(({ value }) => looksOutside(value))) return words;
  const { knowOutside } = await import("../inputs/outside-policy.ts");
  const known = await knowOutside(asked.map(({ value }) => value));
  const out = [...words];
  asked.forEach(({ i, flag }, n) => {
    out[i] = `${flag}${known[n]}`;
  });
  return out;
}

/** Commands whose words may be policies. */
const TAKES_POLICIES: ReadonlySet<string> = new Set(["run", "why"]);

/** A word that stands alone and can only be a policy's module. */
const IS_MODULE = /^@|\.[cm]?[jt]s(?:[:+]|$)/;

function unknown(command: string): number {
  say(`unknown command: ${command}`);
  say(`commands: ${Object.keys(COMMANDS).join(", ")}; see --help`);
  return EXIT.usage;
}

function exitCodeOf(code: number | string | null | undefined): number {
  const n = Number(code ?? 0);
  return n === 0 || n === EXIT.usage ? n : n < 0 || n > 127 ? EXIT.usage : n;
}
