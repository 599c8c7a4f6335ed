import type { Story, StoryStep } from "./story.ts";

/**
 * A counterexample as a table: a column for each actor that acts, a row for each step between what the setup left and what the
 * end of all files changed, the violated property last.
 */
export function formatStory(story: Story, width = 30): string {
  const actors = story.actors.filter((name) => story.steps.some((step) => step.actor === name));
  const heads = ["", ...actors, "counts and locks"];
  const row = (label: string, changes: readonly string[]) => {
    const cells = heads.map(() => "");
    cells[0] = label;
    cells[heads.length - 1] = changes.length === 0 ? "nothing changes" : changes.join("; ");
    return cells;
  };
  const rows = [
    row("setup", story.setup),
    ...story.steps.map((step, i) => {
      const cells = row(String(i + 1), step.changes);
      if (step.changes.length === 0) cells[heads.length - 1] = "";
      cells[1 + actors.indexOf(step.actor)] = cell(step);
      return cells;
    }),
    ...(story.end === null ? [] : [row("end", story.end)]),
  ];
  const widths = heads.map((head, c) => {
    const longest = Math.max(head.length, ...rows.map((row) => (row[c] as string).length));
    return Math.min(longest, c === heads.length - 1 ? width + 20 : width);
  });
  const lines: string[] = [];
  const push = (cells: readonly string[]) => {
    const wrapped = cells.map((text, c) => wrap(text, widths[c] as number));
    const height = Math.max(1, ...wrapped.map((w) => w.length));
    for (let l = 0; l < height; l++) {
      lines.push(
        wrapped
          .map((w, c) => (w[l] ?? "").padEnd(widths[c] as number))
          .join("  ")
          .trimEnd(),
      );
    }
  };
  push(heads);
  lines.push(widths.map((w) => "-".repeat(w)).join("  "));
  for (const row of rows) push(row);
  const { violation } = story;
  lines.push(
    "",
    violation === null ? "nothing is violated" : `violated: ${violation.kind}: ${violation.message}`,
  );
  return `${lines.join("\n")}\n`;
}

function cell(step: StoryStep): string {
  const parts = [step.begins ? step.call : `... ${step.call}`];
  if (step.failed.length > 0) parts.push(`FAILS: ${step.failed.join(", ")}`);
  if (step.result !== null) parts.push(step.result);
  else if (step.stops.length > 0) parts.push(`up to ${step.stops.at(-1)}`);
  return parts.join(" | ");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (let word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    while (word.length > width) {
      lines.push(word.slice(0, width));
      word = word.slice(width);
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines;
}
