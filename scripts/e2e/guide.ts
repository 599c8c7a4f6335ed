// A guide as a program: its files are written, its commands run, and what they print is held against what the page shows.
// `node scripts/e2e/guide.ts PAGE FOLDER` writes what they print into the page.
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A block of a page: a file's text, a change to one, commands, or what they print. */
interface Block {
  readonly kind: string;
  /** `[name]` behind the kind: the file that it is, or changes. */
  readonly file: string | null;
  readonly text: string;
  /** Where its text begins and ends in the page. */
  readonly from: number;
  readonly to: number;
}

function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)(?: \[([\w.-]+)\])?\n([\s\S]*?)^```$/gm)].map((match) => {
    const [all, kind = "", file = null, text = ""] = match;
    const from = (match.index ?? 0) + all.indexOf("\n") + 1;
    return { kind, file, text, from, to: from + text.length };
  });
}

/** The lines of a change that are before it (`-`) or behind it (`+`), with those that stay. */
function side(change: string, sign: "-" | "+"): string {
  const lines = change.split("\n").filter((line) => line.startsWith(sign) || line.startsWith(" "));
  return lines.map((line) => `${line.slice(1)}\n`).join("");
}

function edit(path: string, change: string): void {
  const text = readFileSync(path, "utf8");
  const parts = text.split(side(change, "-"));
  if (parts.length !== 2) throw new Error(`${path} has ${parts.length - 1} places for\n${change}`);
  writeFileSync(path, parts.join(side(change, "+")));
}

/** Output as it is compared: without what stands at the ends of lines. */
function trimmed(text: string): string {
  const lines = text.split("\n").map((line) => line.trimEnd());
  return lines.join("\n").trim();
}

/** What commands print; that they answer with an exit code of theirs is for the page to show. */
function output(commands: string, cwd: string): Promise<string> {
  return new Promise((print, fail) => {
    execFile("bash", ["-c", commands], { cwd }, (_, stdout, stderr) => {
      if (stdout === "") fail(new Error(`${commands}\n${stderr}`));
      else print(stdout);
    });
  });
}

/**
 * Follows a page in an empty folder.
 *
 * @returns the page with what was printed in it
 * @throws Error where a command prints nothing, or a change has no place
 */
export async function follow(page: string, folder: string): Promise<string> {
  let out = "";
  let at = 0;
  let printed: string | null = null;
  for (const { kind, file, text, from, to } of blocksOf(page)) {
    if (file !== null) {
      const path = join(folder, file);
      if (kind === "diff") edit(path, text);
      else writeFileSync(path, text);
    } else if (kind === "sh") {
      printed = trimmed(await output(text, folder));
    } else if (kind === "text") {
      if (printed === null) throw new Error(`nothing printed this:\n${text}`);
      out += `${page.slice(at, from)}${printed}\n`;
      at = to;
      printed = null;
    }
  }
  return out + page.slice(at);
}

/** The first line in which a page differs from what was printed, or null. */
export function firstDifference(page: string, followed: string): string | null {
  const [shown, printed] = [page.split("\n"), followed.split("\n")];
  const at = shown.findIndex((line, i) => line.trimEnd() !== printed[i]?.trimEnd());
  if (at < 0) return null;
  return `line ${at + 1} is\n  ${shown[at]}\nbut was printed as\n  ${printed[at]}`;
}

if (import.meta.main) {
  const [page = "", folder = ""] = process.argv.slice(2);
  writeFileSync(page, await follow(readFileSync(page, "utf8"), folder));
}
