import type { Cell, Study } from "@gpuvm/study";

/** What decides: who leaks, whose close waits or faults, and what a page flip costs. */
const DECIDE: readonly (readonly [id: string, says: string])[] = [
  ["W5", "A program exits, and another one has its buffer"],
  ["W2", "A handle is closed with 1.5 s of work left"],
  ["W3", "Page flips, as maps and unmaps in the display's VM"],
];

/**
 * The study in three sentences at most, one for each workload that decides, or for the first ones that were run: which ways
 * come to which outcome, the most frequent last.
 */
export function studyAnswer(study: Study): string[] {
  const run = study.workloads.filter(({ id }) => study.cells.some((cell) => cell.workload === id));
  const deciding = DECIDE.flatMap(([id, title]) => (run.some((one) => one.id === id) ? [{ id, title }] : []));
  return (deciding.length > 0 ? deciding : run.slice(0, 3)).map(({ id, title }) => {
    const cells = study.cells.filter((cell) => cell.workload === id);
    // No line is broken within a pair of numbers.
    return `${title} (${id}): ${outcomes(cells).replaceAll(" / ", "/")}.`;
  });
}

function outcomes(cells: readonly Cell[]): string {
  const ways = new Map<string, string[]>();
  for (const { word, way } of cells) ways.set(word, [...(ways.get(word) ?? []), way]);
  const groups = [...ways].sort(([, one], [, other]) => one.length - other.length);
  if (groups.length === 1 && cells.length > 1) return `${groups[0]?.[0]} under each of the ${cells.length}`;
  return groups
    .map(([word, names], i) => {
      const rest = i === groups.length - 1 && names.length > 3;
      return `${word} under ${rest ? `the other ${names.length}` : names.join(", ")}`;
    })
    .join("; ");
}
