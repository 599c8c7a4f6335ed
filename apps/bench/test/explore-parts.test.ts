import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GeneratedResult, joinGenerated } from "@gpuvm/scenarios";
import { afterAll, expect, it } from "vitest";
import { runBugs } from "../src/commands/bugs.ts";
import { type ExploreArgs, runExplore } from "../src/commands/explore.ts";
import { runMerge } from "../src/commands/merge.ts";
import { exploredText } from "../src/explore/explored-part.ts";

const folder = mkdtempSync(join(tmpdir(), "gpuvm-parts-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function explored(args: ExploreArgs): Promise<{ text: string; code: number }> {
  let text = "";
  const code = await runExplore({ ...args, json: true }, (s) => (text += s));
  return { text, code };
}

async function parts(name: string, of: number, args: ExploreArgs): Promise<string[]> {
  const files: string[] = [];
  for (let index = 1; index <= of; index++) {
    const file = join(folder, `${name}-${index}.json`);
    writeFileSync(file, (await explored({ ...args, shard: { index, of } })).text);
    files.push(file);
  }
  return files;
}

async function merged(files: readonly string[]): Promise<{ text: string; code: number }> {
  let text = "";
  const code = await runMerge({ files, out: undefined }, (s) => (text += s));
  return { text, code };
}

// At random, as that takes no thread of its own.
const ARGS = { policy: "powervr+P6", method: "random", runs: 30 } as const;

it("parts of an exploration come to the bytes of the whole, in any order, and to its exit code", async () => {
  const files = await parts("scopes", 3, ARGS);
  const whole = await explored(ARGS);
  expect(whole.code).toBe(1);
  expect(await merged(files)).toEqual(whole);
  expect(await merged(files.toReversed())).toEqual(whole);

  const [one = "", two = "", three = ""] = files;
  await expect(merged([one, three])).rejects.toThrow("part 2 of 3 is missing: make it with --shard 2/3");
  const again = join(folder, "again.json");
  copyFileSync(two, again);
  await expect(merged([one, two, three, again])).rejects.toThrow("are both part 2 of 3");
  const [half = ""] = await parts("half", 1, { ...ARGS, scenario: "exit" });
  await expect(merged([one, half])).rejects.toThrow("they do not go together");
  const results = join(folder, "results.json");
  writeFileSync(results, "{}");
  await expect(merged([one, results])).rejects.toThrow("results.json is no part of an exploration");
});

it("so do parts of generated pairs: they are joined as those of several workers are", async () => {
  const covered = { raced: ["a x b"], stops: ["a", "b"], answers: ["map done"] };
  const none = { fallible: [], failed: [], orders: [] };
  const result = (cause: string, schedule: number[], states: number): GeneratedResult => ({
    ...{ scenarios: 2, refused: 0, idle: 0, stopped: [], states, transitions: 2 * states },
    causes: [{ key: "leak", scenarios: 1, scenario: cause, schedule }],
    covered: { ...covered, ...none } as unknown as GeneratedResult["covered"],
    allowed: {},
  });
  const results = [result("p/idle:map+exit", [0, 1, 1], 5), result("p/idle:map+map", [0, 1], 7)];
  const files = results.map((each, i) => {
    const file = join(folder, `pairs-${i}.json`);
    writeFileSync(file, exploredText(each, { policy: "p", arity: 2 }, { index: i + 1, of: 2 }));
    return file;
  });
  const { text, code } = await merged(files);
  expect(text).toBe(exploredText(joinGenerated(results), null, undefined));
  expect(JSON.parse(text)).toMatchObject({ states: 12, causes: [{ scenarios: 2, schedule: [0, 1] }] });
  expect(code).toBe(1);
});

it("parts of the catalogue of bugs come to the bytes of the whole, rules among them", async () => {
  const ids = ["P6", "W10"];
  const searched = async (shard?: { index: number; of: number }) => {
    let text = "";
    const code = await runBugs(
      { ids, json: true, ...(shard === undefined ? {} : { shard }) },
      (s) => (text += s),
    );
    return { text, code };
  };
  const files: string[] = [];
  for (const index of [1, 2]) {
    const file = join(folder, `bugs-${index}.json`);
    writeFileSync(file, (await searched({ index, of: 2 })).text);
    files.push(file);
  }
  const whole = await searched();
  expect(whole.code).toBe(0);
  expect(JSON.parse(whole.text)).toHaveLength(2);
  expect(await merged(files)).toEqual(whole);

  const [one = "", two = ""] = files;
  await expect(merged([one])).rejects.toThrow("part 2 of 2 is missing");
  const lost = join(folder, "lost.json");
  writeFileSync(lost, readFileSync(two, "utf8").replaceAll('"found": true', '"found": false'));
  expect((await merged([one, lost])).code).toBe(1);
});
