import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { COMMANDS } from "../src/cli/app.ts";
import { benchIn } from "./in-process.ts";

const dir = mkdtempSync(join(tmpdir(), "help-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** Runs the command in a folder with the files that the examples name. */
const bench = (...words: string[]) => benchIn(dir, ...words);

/** Where the example as it stands takes long: what is asked of less. */
const LESS: Readonly<Record<string, readonly string[]>> = {
  run: ["--filter", "glmark2.* on powervr"],
  study: ["W3", "--policy", "msm:soft"],
  explore: ["--scenario", "create-vs-destroy"],
  bugs: ["X4"],
  conformance: [
    fileURLToPath(new URL("../../../packages/conformance/vectors/doc-cases.jsonl.gz", import.meta.url)),
  ],
  micro: ["--case", "find", "--n", "1000", "--ops", "1000"],
};

/** What is only there to make the files of other commands, or runs a program of the user's. */
const ELSEWHERE = ["compare", "merge", "report", "record"];

beforeAll(async () => {
  const bind = (kind: string, at: string) =>
    `app-1 [000] ${at}: xe_vma_${kind}: dev=d, vma=0xffff888111110000, vm=0xffff8881a1b2c000, asid=0x00001, start=0x000000200000, end=0x00000020ffff, userptr=0x000000000000\n`;
  const text = bind("bind", "1.000000") + bind("unbind", "2.000000");
  writeFileSync(join(dir, "trace-cmd.txt"), text);
  const { code } = await bench("import", "trace-cmd.txt", "-o", "mine.jsonl.gz");
  expect(code).toBe(0);
  await bench("export", "mine.jsonl.gz", "--format", "gpuvas", "--at", "1500", "-o", "gpuvas.txt");
});

it.each(Object.keys(COMMANDS).filter((name) => !ELSEWHERE.includes(name)))(
  "the first example of %s --help runs",
  async (name) => {
    const { out: help } = await bench(name, "--help");
    const behind = help.slice(help.indexOf("--help\n"));
    const [, example = ""] = /^ {2}gpuvm-bench (.*?)(?: {3,}.*)?$/m.exec(behind) ?? [];
    const words = example
      .replace(/ \|.*/, "")
      .split(" ")
      .filter((word) => word !== "");
    const { code, out, err } = await bench(...(words.length === 0 ? [name] : words), ...(LESS[name] ?? []));
    expect(words[0] ?? name, help).toBe(name);
    // 1 is an answer, too: something is not as it should be.
    expect([0, 1], `${example}\n${err}`).toContain(code);
    expect(`${out}${err}`).not.toBe("");
  },
  120_000,
);
