import { withoutComments } from "./source-rules.ts";

/** A function on the way, and the file that it stands in. */
export interface FlowStep {
  readonly name: string;
  readonly file: string;
  /** Line of the page, from 1. */
  readonly line: number;
}

/** The numbered lists of a page whose items say `` `name` in `file` ``: each is a way through the code. */
export function flowsOf(page: string): FlowStep[][] {
  const flows: FlowStep[][] = [];
  page.split("\n").forEach((text, i) => {
    const [, number, name, file] = /^(\d+)\. `([#\w]+)` in `([^`]+)` /.exec(text) ?? [];
    if (name === undefined || file === undefined) return;
    if (number === "1") flows.push([]);
    flows.at(-1)?.push({ name, file, line: i + 1 });
  });
  return flows;
}

/**
 * What a function, method or constant of a source file says, from behind its name to its last brace; undefined: the file
 * defines no such thing.
 */
export function bodyOf(source: string, name: string): string | undefined {
  const code = withoutComments(source);
  const word = name.replace("#", "\\#");
  const kinds = [
    `function\\*? ${word}\\b`,
    `const ${word}\\b`,
    // Not a call: that ends in a semicolon before any brace.
    `^  (?:async )?\\*?${word}\\((?=[^;]*\\{\\n)`,
    `^  (?:readonly )?${word} = `,
  ];
  const start = new RegExp(kinds.join("|"), "m").exec(code);
  if (start === null) return undefined;
  const from = start.index + start[0].length;
  // A definition ends where a line begins that is as far left as its own, with a closing bracket or the next one.
  const indent = start[0].startsWith("  ") ? "  " : "";
  const rest = code.slice(from);
  const end = new RegExp(`\\n${indent}[}\\])]+;?(?=\\n|$)|;\\n(?=${indent}\\S)`).exec(rest);
  return end === null ? rest : rest.slice(0, end.index);
}

/** Whether a body mentions a name. */
export function mentions(body: string, name: string): boolean {
  return new RegExp(`${name.startsWith("#") ? "" : "(?<![#\\w])"}${name}(?!\\w)`).test(body);
}
