import { expect, it } from "vitest";
import { runExplore } from "../src/commands/explore.ts";

it("explores with two workers what one explores, to the byte", async () => {
  const args = { policy: "powervr+P6", method: "dfs", json: true, maxSteps: 4_000 } as const;
  const texts: string[] = [];
  const progressed = new Set<string>();
  for (const workers of [1, 2]) {
    let text = "";
    const progress = (scenario: string) => void progressed.add(scenario);
    await runExplore({ ...args, workers, progress }, (s) => (text += s));
    texts.push(text);
  }
  expect(texts[0]).toContain('"counterexamples"');
  expect(texts[1]).toBe(texts[0]);
  expect(progressed.size).toBeGreaterThan(0);
}, 120_000);

it("takes a scenario by its name, or as its tables call it", async () => {
  const texts: string[] = [];
  for (const scenario of ["close-vs-bind", "powervr/close-vs-bind"]) {
    let text = "";
    await runExplore({ policy: "powervr", scenario, workers: 1 }, (s) => (text += s));
    texts.push(text);
  }
  expect(texts[0]).toContain("close-vs-bind");
  expect(texts[1]).toBe(texts[0]);
});

it("explores pairs of calls of a policy that nobody wrote scenarios for, the same with two workers", async () => {
  const path = new URL("../examples/my-policy.ts", import.meta.url).pathname;
  const texts: string[] = [];
  for (const workers of [1, 2]) {
    let text = "";
    const told: number[][] = [];
    const generated = (done: number, of: number) => told.push([done, of]);
    const shard = { index: 1, of: 10 };
    const args = { policy: `${path}+forgets`, pairs: true, shard, workers, generated };
    expect(await runExplore(args, (s) => (text += s))).toBe(1);
    texts.push(text);
    // Before the first, and of all of its parts.
    expect(told[0]?.[0]).toBe(0);
    const [, scenarios = 0] = /(\d+) scenarios of 2 calls/.exec(text)?.map(Number) ?? [];
    expect(told.at(-1)?.[1]).toBeGreaterThanOrEqual(scenarios);
  }
  expect(texts[0]).toContain("violated: leak");
  expect(texts[0]).toMatch(/raced: \d+ pairs of \d+ stops/);
  expect(texts[1]).toBe(texts[0]);
  const token = /replay: (\S+)/.exec(texts[0] ?? "")?.[1] ?? "";
  let again = "";
  // A token comes with somebody's report: it runs no file that the user did not name themselves.
  await expect(runExplore({ replay: token }, (s) => (again += s))).rejects.toThrow(`add --policy ${path}`);
  expect(await runExplore({ replay: token, policy: path }, (s) => (again += s))).toBe(1);
  expect(again).toContain("violated: leak");
});

it("explores on a machine with little memory, which a token remembers", async () => {
  let text = "";
  const args = { policy: "xe+X2", scenario: "bug-X2", method: "dfs", json: true, workers: 1 } as const;
  expect(await runExplore({ ...args, gart: 65536 }, (s) => (text += s))).toBe(1);
  const token = /"(xe\+X2\+gart=65536\/bug-X2[^"]*@[^"]*)"/.exec(text)?.[1] ?? "";
  expect(await runExplore({ replay: token }, (s) => (text = s))).toBe(1);
  expect(text).toContain("violated: ");
  const few = { policy: "nouveau", gart: 4096, scenario: "sparse" };
  await expect(runExplore(few, () => {})).rejects.toThrow("answered -ENOMEM");
  const bug = runExplore({ bug: "X4", vram: 0 }, () => {});
  await expect(bug).rejects.toThrow("do not go together");
  await expect(runExplore({ policy: "xe+swap=1" }, () => {})).rejects.toThrow("place of memory");
}, 60_000);

it("holds the searches of a scenario against each other", async () => {
  let text = "";
  const args = { policy: "powervr", scenario: "close-vs-bind", verify: true, workers: 1 };
  expect(await runExplore(args, (s) => (text += s))).toBe(0);
  expect(text).toMatch(/close-vs-bind +\d+ +dfs reversed bfs dpor/);
  expect(text).toContain("Nothing differs in 1 scenario");
  let json = "";
  expect(await runExplore({ ...args, json: true }, (s) => (json += s))).toBe(0);
  expect(JSON.parse(json)).toMatchObject([{ name: "powervr/close-vs-bind", found: [], differs: [] }]);
});
