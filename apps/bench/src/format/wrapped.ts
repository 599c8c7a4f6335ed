/** Lines of at most `width` columns, broken at spaces; those that begin behind the first one are indented. */
export function wrapped(text: string, width: number, indent = ""): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line === undefined) lines.push(word);
    else if (line.length + 1 + word.length > width) lines.push(`${indent}${word}`);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join("\n");
}

/**
 * A text of many lines in which none is longer than `width`, unless one word is. What a long line goes on with stands below
 * its own beginning: below the last of the columns that it starts with, or two columns behind its indent.
 */
export function folded(text: string, width: number): string {
  return text
    .split("\n")
    .flatMap((line) => (line.length <= width ? [line] : foldedLine(line, width)))
    .join("\n");
}

function foldedLine(line: string, width: number): string[] {
  const [lead = ""] = /^ */.exec(line) ?? [];
  const columns = [...line.matchAll(/\S {2,}(?=\S)/g)].map((gap) => gap.index + gap[0].length);
  const hang = columns.findLast((column) => column < width / 2) ?? lead.length + 2;
  const lines: string[] = [];
  const [first = "", ...words] = line.split(" ");
  let last = first;
  for (const word of words) {
    // Spaces that stand together are empty words: they end a line, but begin none.
    const isFull = word !== "" && last.trim() !== "" && last.length + 1 + word.length > width;
    if (isFull) lines.push(last.trimEnd());
    last = isFull ? " ".repeat(hang) + word : `${last} ${word}`;
  }
  return [...lines, last];
}
