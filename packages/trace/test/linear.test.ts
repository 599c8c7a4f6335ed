/** No text makes a reader or the sniffer work more than in proportion to its length: steps are counted, not time. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type ImportFormat, importFile, sniff, TraceError } from "../src/index.ts";
import { countSteps } from "./support/count-steps.ts";

const dir = fileURLToPath(new URL("../samples/", import.meta.url));
const files = readdirSync(dir).filter((f) => f !== "README.md");

/** Larger than any bound in a pattern, so that those don't look like growth. */
const SIZES = [700, 1400] as const;
/** Twice the text may cost somewhat more than twice the steps, never four times. */
const RATIO = 2.5;

async function read(text: string, format: ImportFormat): Promise<void> {
  try {
    for await (const batch of await importFile([new TextEncoder().encode(text)], { format })) void batch;
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
  }
}

/** What separates parts of a line: its characters that are no letters, a letter, a digit, and the words before such. */
function delimiters(line: string): string[] {
  const marks = new Set([...'[]():;,=|. \t\r/-{}"0a'.split(""), ...(line.match(/\W/g) ?? [])]);
  const words = line.match(/\b[A-Za-z_]{2,12}\b\W?/g) ?? [];
  return [...marks, ...new Set(words.slice(0, 6)), "[a", "mapped,", "0x1 "];
}

async function ratioOf(
  make: (n: number) => string,
  act: (text: string) => Promise<void> | void,
): Promise<number> {
  const [small, large] = [make(SIZES[0]), make(SIZES[1])];
  const few = await countSteps(() => act(small));
  const many = await countSteps(() => act(large));
  // Steps that don't depend on the size are no part of the growth.
  return many / Math.max(few, SIZES[0]);
}

describe.each(files)("%s", (file) => {
  const text = readFileSync(dir + file, "utf8");
  const format = sniff(text) as ImportFormat;
  const lines = text.split("\n").filter((line) => line !== "");
  const kinds = new Map(lines.map((line) => [line.replaceAll(/[0-9a-f]+/g, "0").slice(0, 40), line]));

  test("long runs of its own delimiters, anywhere in each kind of line", async () => {
    const worst = { ratio: 0, at: "" };
    for (const line of [...kinds.values()].slice(0, 5)) {
      const whole = lines.slice(0, Math.max(1, lines.indexOf(line)));
      for (const mark of delimiters(line)) {
        for (const cut of [0, line.length >> 1, line.length]) {
          const make = (n: number): string => {
            const run = mark.repeat(Math.ceil(n / mark.length));
            return `${whole.join("\n")}\n${line.slice(0, cut)}${run}${line.slice(cut)}\n`;
          };
          const ratio = await ratioOf(make, (input) => read(input, format));
          if (ratio > worst.ratio)
            Object.assign(worst, { ratio, at: `${JSON.stringify(mark)} in ${line} at ${cut}` });
        }
      }
    }
    expect(worst.ratio, worst.at).toBeLessThan(RATIO);
  });

  test("the sniffer", async () => {
    for (const mark of [
      "\n",
      "\r",
      " ",
      "\t",
      "\n\n ",
      "[",
      "0",
      "a",
      "-",
      "\ufeff",
      '{"',
      ...delimiters(lines[0] ?? ""),
    ]) {
      const ratio = await ratioOf(
        (n) => mark.repeat(n) + (lines[0] ?? "").slice(1),
        (input) => void sniff(input),
      );
      expect(ratio, JSON.stringify(mark)).toBeLessThan(RATIO);
    }
  });
});

test("the count finds what it is for", async () => {
  const quadratic = await ratioOf(
    (n) => " ".repeat(n),
    (text) => void /\s+x$/.test(text),
  );
  expect(quadratic).toBeGreaterThan(3.5);
  const linear = await ratioOf(
    (n) => " ".repeat(n),
    (text) => void /^\s+x$/.test(text),
  );
  expect(linear).toBeLessThan(RATIO);
  // And the matcher answers as the engine does.
  const samples = [/^(a|ab)(c?)$/, /(\d{1,3})\.(\d+?)\b/, /x(?=y)|z/i, /(?:ab){2,}c/];
  for (const text of ["abc", "12.345 ", "ZXy", "ababc", ""]) {
    const native = samples.map((r) => r.exec(text)?.map(String));
    let counted: (string[] | undefined)[] = [];
    await countSteps(() => {
      counted = samples.map((r) => r.exec(text)?.map(String));
    });
    expect(counted).toEqual(native);
  }
});
