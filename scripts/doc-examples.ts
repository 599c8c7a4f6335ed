/** A program from a docstring's `@example`, or from a page. */
export interface DocExample {
  /** File it stands in. */
  readonly file: string;
  /** Line of its first line, from 1. */
  readonly line: number;
  readonly code: string;
}

/** The TypeScript blocks of a Markdown page. */
export function pageExamples(file: string, page: string): DocExample[] {
  return [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => ({
    file,
    line: page.slice(0, match.index).split("\n").length + 1,
    code: match[1] ?? "",
  }));
}

/** The TypeScript blocks behind each `@example` of a source file. */
export function docExamples(file: string, source: string): DocExample[] {
  const out: DocExample[] = [];
  let example = false;
  let code: string[] | null = null;
  let first = 0;
  source.split("\n").forEach((text, i) => {
    const line = /^\s*\* ?(.*)$/.exec(text)?.[1];
    if (line === undefined || /^\s*\/\*\*|\*\/\s*$/.test(text)) {
      if (!text.trim().startsWith("/**")) example = false;
      code = null;
    } else if (code !== null && line.trim() === "```") {
      out.push({ file, line: first, code: `${code.join("\n")}\n` });
      code = null;
    } else if (code !== null) code.push(line);
    else if (/^@\w/.test(line)) example = line.startsWith("@example");
    else if (example && /^```ts\b/.test(line)) {
      code = [];
      first = i + 2;
    }
  });
  return out;
}
