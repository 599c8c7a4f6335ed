import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../src/cli/app.ts";
import { RUNS, WRITES } from "../src/config/apply.ts";
import { findConfig } from "../src/config/find.ts";
import { configured } from "../src/config/words.ts";

let top = "";
const at = (...path: string[]) => join(top, ...path);

/** A folder with files in it. */
function make(folder: string, files: Readonly<Record<string, string>> = {}): string {
  mkdirSync(at(folder), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(at(folder, name), text);
  return at(folder);
}

async function wordsIn(folder: string, ...argv: string[]) {
  const said: string[] = [];
  const words = await configured(argv, COMMANDS, (line) => said.push(line.trimEnd()), folder);
  return { words, said };
}

const SAMPLES = JSON.stringify({ run: { samples: 6 } });
const CODE = `import { writeFileSync } from "node:fs";
writeFileSync(new URL("ran", import.meta.url), "");
export default { run: { samples: 7 } };`;

beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), "gpuvm-config-"));
  // Outside of any project, whatever the folder for temporary files stands in.
  make("outer", { "gpuvm.config.json": SAMPLES, "package.json": "{}" });
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

describe("a configuration that is found", () => {
  it.each([".git", "package.json"])("is at or below what marks the project's root: %s", async (mark) => {
    const inner = make(`outer/${mark}-in/a/b`);
    writeFileSync(at(`outer/${mark}-in`, mark), "{}");
    expect(findConfig(inner)).toEqual({ passedOver: [] });
    const path = at(`outer/${mark}-in/gpuvm.config.json`);
    writeFileSync(path, SAMPLES);
    expect(findConfig(inner)).toEqual({ path, passedOver: [] });
    const { words, said } = await wordsIn(inner, "run", "x.jsonl");
    expect(words).toEqual(["run", "--samples=6", "x.jsonl"]);
    expect(said).toEqual([`defaults from ${path}: --samples=6`]);
  });

  it("says nothing where it adds nothing, and gives way to flags", async () => {
    const folder = at("outer");
    for (const argv of [
      ["lint", "x"],
      ["run", "--samples", "2"],
      ["run", "--no-config"],
    ])
      expect(await wordsIn(folder, ...argv)).toEqual({
        words: argv.filter((word) => word !== "--no-config"),
        said: [],
      });
  });

  it.each(["gpuvm.config.mjs", "gpuvm.config.js"])("is never code: %s", async (name) => {
    const folder = make(`code-${name}`, { [name]: CODE, "package.json": '{"type":"module"}' });
    const { words, said } = await wordsIn(folder, "run");
    expect(words).toEqual(["run"]);
    expect(said).toEqual([
      `${join(folder, name)} is code, and is run only when it is named: --config ${join(folder, name)}`,
    ]);
    expect(existsSync(join(folder, "ran"))).toBe(false);
    expect((await wordsIn(folder, "run", "--config", join(folder, name))).words).toEqual([
      "run",
      "--samples=7",
    ]);
    expect(existsSync(join(folder, "ran"))).toBe(true);
  });

  it.each([
    ["run", "out", "/etc/passwd"],
    ["run", "report", "x.html"],
    ["run", "saveBaseline", "b"],
    ["why", "svg", "x.svg"],
    ["explore", "perfetto", "x.json"],
    ["run", "policy", "./evil.mjs"],
    ["run", "policy", "@evil/policy"],
    ["run", "reference", "./evil.mjs:x"],
    ["explore", "policy", "../evil.ts"],
    ["explore", "replay", "./evil.mjs/scope@a1"],
  ])("neither writes nor runs: %s.%s", async (command, flag, value) => {
    const folder = make(`asks-${command}-${flag}`, {
      "gpuvm.config.json": JSON.stringify({ [command]: { [flag]: value } }),
      "package.json": "{}",
    });
    const path = join(folder, "gpuvm.config.json");
    await expect(wordsIn(folder, command)).rejects.toThrow(`${path}: "${command}.${flag}" would`);
    const { words } = await wordsIn(folder, command, "--config", path);
    expect(words.at(-1)).toContain(value);
  });

  it.each([
    [`{"run":{"polcy":["x"]}}`, `"run" has no flag "polcy"`],
    [`{"run":{"__proto__":{"x":1},"constructor":1}}`, `"run" has no flag`],
    [`{"run":{"samples":{}}}`, `"run.samples" can't be {}`],
    [`{"run":{"audit":"yes"}}`, `"run.audit" can't be "yes"`],
    [`{"run":[]}`, `"run" must be an object of flags`],
    [`[]`, "must be an object of commands"],
    [`{"run":`, "is not JSON"],
    ["", "is not JSON"],
  ])("is named in the message when it is wrong: %s", async (text, words) => {
    const folder = make("wrong", { "gpuvm.config.json": text, "package.json": "{}" });
    await expect(wordsIn(folder, "run")).rejects.toThrow(`${join(folder, "gpuvm.config.json")}: ${words}`);
  });

  it.runIf(process.getuid?.() === 0)("is another user's: passed over, with a word", async () => {
    const folder = make("theirs", { "gpuvm.config.json": SAMPLES, "package.json": "{}" });
    const { chownSync } = await import("node:fs");
    chownSync(join(folder, "gpuvm.config.json"), 12345, 12345);
    const { words, said } = await wordsIn(folder, "run");
    expect([words, said]).toEqual([["run"], [expect.stringContaining("is another user's")]]);
  });
});

it("knows every flag that writes a file or runs code", () => {
  const flags = Object.values(COMMANDS).flatMap((command) => Object.entries(command.parameters.flags ?? {}));
  const files = flags.flatMap(([name, flag]) =>
    "placeholder" in flag && /FILE/.test(flag.placeholder ?? "") ? [name] : [],
  );
  // Those of the others that take files only read them.
  const reads = ["trace", "costs"];
  expect(files.filter((name) => !WRITES.has(name) && !reads.includes(name))).toEqual([]);
  const names = flags.map(([name]) => name);
  expect([...WRITES, ...RUNS].filter((name) => !names.includes(name))).toEqual([]);
});
