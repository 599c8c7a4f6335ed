import type { BoOwnership, ReferencePolicy } from "@gpuvm/core";
import { subjectName, subjectNamed } from "@gpuvm/drivers";
import type { Machine } from "@gpuvm/drm-model";
import { UsageError } from "@gpuvm/drm-model";
import { chainOf, chainText, eventPhrase, leftBehindFindings, reaches } from "@gpuvm/reference-graph";
import { watch } from "@gpuvm/results";
import { EXIT } from "../cli/context.ts";
import { say as toStderr } from "../cli/say.ts";
import { folded } from "../format/wrapped.ts";
import { openTrace } from "../inputs/open-trace.ts";
import { toldSource } from "../inputs/told-source.ts";
import { tracePath } from "../inputs/trace-path.ts";

/** The arguments of `explain`. */
export interface ExplainArgs {
  /** A trace file, or the name of one that comes with the project. */
  readonly trace: string;
  /** `DRIVER[:VARIANT]`. */
  readonly policy: string;
  /** Whether vm_bos count their BO. */
  readonly ownership: "native" | BoOwnership;
  /** The buffer's number in the trace. */
  readonly bo: number;
  /** The file that it belongs to. */
  readonly file: number;
  /** Trace time in milliseconds; `end`: before the program ends; `exit`: after. */
  readonly at: number | "end" | "exit";
  /** What is printed. */
  readonly format: "text" | "json";
  /** Columns of the terminal; default 100. */
  readonly width?: number;
}

/**
 * Says who keeps an object alive at a time of a trace.
 *
 * @returns the exit code: 0; 1 if it is kept although its program is gone; 4 if not all of the trace was understood
 */
export async function runExplain(
  args: ExplainArgs,
  print: (text: string) => void,
  say: (line: string) => void = toStderr,
): Promise<number> {
  const source = await openTrace(tracePath(args.trace));
  const own = subjectNamed(args.policy);
  const subject = args.ownership === "native" ? own : { ...own, boOwnership: args.ownership };
  const until = typeof args.at === "number" ? args.at * 1e6 : Number.POSITIVE_INFINITY;
  const watched = await watch(
    toldSource(source, subjectName(subject)),
    subject,
    args.bo,
    args.file,
    until,
    args.at === "exit",
  );
  const { replay, bo, translated } = watched;
  const { machine } = replay;
  if (bo === null) {
    throw new UsageError(
      `${source.name}: file ${args.file} has no buffer ${args.bo} by then: see lint for its buffers`,
    );
  }
  const alive = bo.refs > 0;
  const chain = alive ? chainOf(machine, bo) : [];
  const history = machine.historyOf(bo.name);
  const head = `${source.name} on ${subjectName(subject)}${translated ? ", translated" : ""}, at ${(machine.now / 1e6).toFixed(3)} ms${args.at === "exit" ? ", the program has ended" : ""}`;
  const inPrograms = replay.driver.policy.teardown.filter((event) => reaches(event, "program"));
  const ends = bo.gpuva.length > 0 ? inPrograms.map(eventPhrase) : [];
  const state = alive
    ? `buffer ${args.bo} (${bo.name}, ${bo.size} bytes) lives: ${bo.refs} reference${bo.refs === 1 ? "" : "s"}, ${bo.handles} handle${bo.handles === 1 ? "" : "s"}, ${bo.ptes} page-table entries`
    : `buffer ${args.bo} (${bo.name}) is freed`;
  if (args.format === "json") {
    const answer = {
      trace: source.name,
      subject: subjectName(subject),
      translated,
      at_ns: machine.now,
      object: bo.name,
      alive,
      references: bo.refs,
      handles: bo.handles,
      chain,
      ends,
      requests: watched.requests,
      history,
    };
    print(`${JSON.stringify(answer, null, 2)}\n`);
  } else {
    const lines = [head, "", state, ...chainText(chain)];
    if (ends.length > 0) lines.push("", "What takes a mapping away:", ...ends.map((end) => `  ${end}`));
    if (watched.requests.length > 0)
      lines.push("", "What the program asked:", ...watched.requests.slice(-12).map((r) => `  ${r}`));
    if (args.at === "exit") lines.push(...found(machine, replay.driver.policy));
    if (history.length > 0) lines.push("", "What became of it:", ...history.map((line) => `  ${line}`));
    print(folded(`${lines.join("\n")}\n`, args.width ?? 100));
  }
  const incomplete = source.incomplete?.() ?? [];
  for (const words of incomplete) say(`not the whole: ${words}\n`);
  if (alive && args.at === "exit") return EXIT.violated;
  return incomplete.length === 0 ? EXIT.ok : EXIT.incomplete;
}

/** What else is left, in short. */
function found(machine: Machine, policy: ReferencePolicy): string[] {
  const findings = leftBehindFindings(machine, policy, new Set());
  if (findings.length === 0) return ["", "Nothing is left behind."];
  const shown = findings.slice(0, 5).map(({ detail }) => `  ${detail}`);
  const more = findings.length > shown.length ? [`  ... and ${findings.length - shown.length} more`] : [];
  return [
    "",
    `Left behind: ${findings.length} finding${findings.length === 1 ? "" : "s"}`,
    ...shown,
    ...more,
  ];
}
