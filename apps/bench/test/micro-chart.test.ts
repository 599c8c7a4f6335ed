import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { microWords } from "../src/cli/micro-command.ts";
import { runMicro } from "../src/commands/micro.ts";

it("takes lists behind one flag", () => {
  const words = ["--case", "find", "split", "--n", "1000", "10000", "--ops", "1000", "--json"];
  expect(microWords(words).join(" ")).toBe("--case find --case split -n 1000 -n 10000 --ops 1000 --json");
  expect(microWords(["--n=5"])).toEqual(["--mappings=5"]);
});

it("draws a line for each case over the sizes", async () => {
  const svg = join(mkdtempSync(join(tmpdir(), "micro-")), "growth.svg");
  const plan = {
    ops: 1000,
    seed: 1,
    mode: "ops",
    json: true,
    full: false,
    runs: 5,
    peers: false,
    native: false,
  } as const;
  await runMicro({ ...plan, case: ["find", "iterate"], n: [100, 200], svg }, () => {});
  const text = readFileSync(svg, "utf8");
  expect(text).toMatch(/^<svg /);
  expect(text.match(/<circle/g)).toHaveLength(4);
});
