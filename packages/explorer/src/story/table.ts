import type { Story, StoryStep } from "./story.ts";

/**
 * A counterexample as a table: a column for each actor that acts, a row for each step between what the setup left and what the
 * end of all files changed, the violated property last.
 *
 * @param total characters that a line of the table may have; with many actors columns get narrow, but not below 12
 */
export function formatStory(story: Story, total = 100): string {
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
  const longest = heads.map((head, c) =>
    Math.max(head.length, ...rows.map((row) => (row[c] as string).length)),
  );
  const widths = widthsOf(longest, total - 2 * (heads.length - 1));
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
  const last =
    violation === null ? "nothing is violated" : `violated: ${violation.kind}: ${violation.message}`;
  lines.push("", ...wrap(last, total));
  return `${lines.join("\n")}\n`;
}

/** How wide columns are: as wide as what is in them, but no more than what there is; the last one has the most to say. */
function widthsOf(longest: readonly number[], total: number): number[] {
  const [label = 0, ...rest] = longest;
  const last = rest.pop() ?? 0;
  const room = total - label;
  const each = Math.max(12, Math.min(30, Math.floor(room / (rest.length + 1.3))));
  const actors = rest.map((width) => Math.min(width, each));
  const left = room - actors.reduce((sum, width) => sum + width, 0);
  return [label, ...actors, Math.min(last, 50, Math.max(12, left))];
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
