import { withOwnership } from "@gpuvm/core";
import { subjectNamed } from "@gpuvm/drivers";
import { verdictOf } from "@gpuvm/reference-graph";
import type { Study } from "@gpuvm/study";
import {
  CLAIMS,
  columnsOf,
  evidenceRows,
  LOOPS,
  ORDERS,
  repairRows,
  runSchedule,
  sameColumns,
  sameWorkloads,
  THREAD_COSTS,
  unendedAnswer,
  unendedOf,
} from "@gpuvm/study";
import { costTable, marksText, studyTable, triedTable, unendedTable, waysTable } from "./study-markdown.ts";
import { spanOf } from "./study-text.ts";
import { markdownTable } from "./table.ts";

/** The variant whose rule the page shows schedules of. */
const RULE = "msm:mainline";

/** A page with what stands between its markers printed anew; unknown markers are an error. */
export function pageWith(page: string, study: Study): string {
  const blocks = blocksOf(study);
  return page.replaceAll(/<!-- begin (\w+) -->\n[\s\S]*?<!-- end \1 -->/g, (_, name: string) => {
    const block = blocks[name];
    if (block === undefined) throw new RangeError(`nothing is printed for the marker "${name}"`);
    return `<!-- begin ${name} -->\n\n${block()}\n\n<!-- end ${name} -->`;
  });
}

function blocksOf(study: Study): Readonly<Record<string, () => string>> {
  const { params } = study;
  const [nine = [], drivers = []] = columnsOf(study);
  const rule = subjectNamed(RULE);
  const ended = study.workloads.filter(({ unended }) => unended !== true);
  const unended = unendedOf(study.workloads);
  const others = sameColumns(study, drivers, ended);
  const rowsOfNine = sameWorkloads(study, nine, ended);
  const rowsOfOthers = sameWorkloads(study, others.differ, ended);
  return {
    loops: loopTable,
    ways: waysTable,
    evidence: () => markdownTable(["", ...nine], evidenceRows(study, nine), "words"),
    nine: () => `${studyTable(study, nine, rowsOfNine.differ)}\n\n${marksText()}`,
    nineflat: () => studyTable(study, nine, rowsOfNine.same),
    drivers: () => `${studyTable(study, others.differ, rowsOfOthers.differ)}\n\n${sameText(others.same)}`,
    driversflat: () => studyTable(study, others.differ, rowsOfOthers.same),
    alike: () =>
      studyTable(
        study,
        others.same.map(([way]) => way),
        ended,
      ),
    unended: () => unendedTable(study),
    answer: () => `**${unendedAnswer(study).join(" ")}**`,
    unendednine: () => studyTable(study, nine, unended),
    unendeddrivers: () => studyTable(study, drivers, unended),
    tried: () => triedTable(study),
    schedule: () =>
      (["L W U P", "L W P U"] as const)
        .map((order) => {
          const { steps } = runSchedule(rule, order, params.jobMs);
          const lines = steps.map(({ step, who, what }) => `    ${step.padEnd(4)}${who.padEnd(8)}${what}`);
          return [`    ${order}`, ...lines].join("\n");
        })
        .join("\n\n"),
    repairs: () => markdownTable(["", ...ORDERS], repairRows(rule, params.jobMs), "words"),
    costs: () =>
      [
        costTable(study, THREAD_COSTS),
        "",
        ...THREAD_COSTS.map((cost) => `- ${cost.what} ${spanOf(cost)}: ${cost.source}`),
      ].join("\n"),
    claims: () => claimTable(study),
  };
}

/** Which columns are not shown, as they say the same as another one. */
function sameText(same: readonly (readonly [way: string, as: string])[]): string {
  if (same.length === 0) return "No two of them come to the same in each row.";
  const as = [...new Set(same.map(([, other]) => other))];
  const each = as.map((other) => {
    const ways = same.flatMap(([way, like]) => (like === other ? [`\`${way}\``] : []));
    return `${ways.join(" and ")} ${ways.length === 1 ? "comes" : "come"} to the same as \`${other}\` in each row`;
  });
  return `${each.join("; ")}.`;
}

function loopTable(): string {
  const rows = LOOPS.map(([name, boOwnership]) => {
    const { policy } = subjectNamed(name).variant;
    const { sentence } = verdictOf(withOwnership(policy, boOwnership));
    return [
      `\`${name}\``,
      boOwnership === policy.boOwnership ? boOwnership : `${boOwnership}, tried`,
      `It ${sentence}`,
    ];
  });
  return markdownTable(["policy", "held", "what its graph says"], rows, "words");
}

function claimTable({ cells }: Study): string {
  const rows = CLAIMS.map(({ workload, ways, says, basis }) => {
    const mine = cells.filter((cell) => cell.workload === workload && ways.includes(cell.way));
    const agree = mine.every((cell) => cell.agrees === true);
    return [workload, ways.join(", "), says, basis.join(", "), agree ? "yes" : "no"];
  });
  return markdownTable(["", "who", "claim", "stands on", "agrees"], rows, "words");
}
