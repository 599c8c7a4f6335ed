/** One mistake in one file. */
export interface Mutant {
  /** File in `packages/gpuvm-core/src`. */
  readonly file: string;
  /** What was done, for people. */
  readonly what: string;
  /** Text that is there, and what stands in its place. */
  readonly find: string;
  readonly replace: string;
  /** Which occurrence of `find`, from 0. */
  readonly nth?: number;
}

/** The file with the mistake in it; an error if its place is gone. */
export function plant(source: string, mutant: Mutant): string {
  let at = -1;
  for (let n = 0; n <= (mutant.nth ?? 0); n++) {
    at = source.indexOf(mutant.find, at + 1);
    if (at < 0) throw new Error(`${mutant.file} has no longer: ${mutant.find}`);
  }
  return source.slice(0, at) + mutant.replace + source.slice(at + mutant.find.length);
}

const SWAPS: readonly (readonly [from: string, to: string])[] = [
  [" < ", " <= "],
  [" <= ", " < "],
  [" > ", " >= "],
  [" >= ", " > "],
  [" === ", " !== "],
  [" !== ", " === "],
  [" && ", " || "],
  [" || ", " && "],
  [" + 1", ""],
  [" - 1", ""],
  ["++", "--"],
  ["--", "++"],
  ["true", "false"],
  ["false", "true"],
];

/** A call, an assignment or a step that stands alone on its line. */
const STATEMENT = /^\s+(?:this\.)?[#\w][\w.#?[\]]*(?:\(.*\)|(?:\+\+|--)| [+-]?= .*);$/;

/** Every mistake of a simple kind that can be made in a file: a comparison, a step, a condition, a statement left out. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const out: Mutant[] = [];
  let offset = 0;
  let inComment = false;
  for (const line of source.split("\n")) {
    const text = line.trim();
    if (text.startsWith("/*")) inComment = true;
    const code =
      inComment || text.startsWith("//") || /^(?:import|export type|export \*)/.test(text) ? "" : line;
    if (text.endsWith("*/")) inComment = false;
    for (const [from, to] of SWAPS) {
      for (let at = code.indexOf(from); at >= 0; at = code.indexOf(from, at + from.length)) {
        if (inText(code, at) || (from.length > 3 && /\w/.test(code[at + from.length] ?? " "))) continue;
        const changed = code.slice(0, at) + to + code.slice(at + from.length);
        out.push(
          mutant(file, source, offset, line, changed, `${from.trim()} -> ${to.trim() || "nothing"}: ${text}`),
        );
      }
    }
    if (STATEMENT.test(code)) out.push(mutant(file, source, offset, line, "", `left out: ${text}`));
    offset += line.length + 1;
  }
  return out;
}

function inText(code: string, at: number): boolean {
  const before = code.slice(0, at);
  return (before.split('"').length - 1) % 2 === 1 || (before.split("`").length - 1) % 2 === 1;
}

function mutant(
  file: string,
  source: string,
  offset: number,
  line: string,
  changed: string,
  what: string,
): Mutant {
  let nth = 0;
  for (let at = source.indexOf(line); at >= 0 && at < offset; at = source.indexOf(line, at + 1)) nth++;
  return { file, what, find: line, replace: changed, nth };
}
