import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { conclude, newCommon, type PartOptions, search, searchPart } from "../src/index.ts";
import { Random } from "../src/search/random.ts";
import { Visited } from "../src/state/visited.ts";
import { WORD } from "../src/together/common.ts";
import { SharedVisited } from "../src/together/shared-visited.ts";
import { scenario } from "./toy-scenario.ts";
import type { Tree } from "./tree-thread.ts";

/** One thread, which gives a branch away whenever nobody has taken the last one, and takes it itself in the end. */
function inBranches(of: ReturnType<typeof scenario>, options: PartOptions) {
  for (const answers of [false, true]) {
    const common = newCommon(answers);
    new Int32Array(common.words)[WORD.waiting] = 1;
    const result = conclude(of, options, common, [searchPart(of, options, common, true)]);
    if (result !== null) return result;
  }
  throw new Error("what calls returned is asked for twice");
}

describe("a search in parts", () => {
  it.each([[], ["dropped-put"], ["late-get"], ["no-drain"], ["early-free"], ["no-lock"]])(
    "comes to what a search in one go comes to: %s",
    (...defects) => {
      const of = scenario(defects.filter((defect) => defect !== undefined));
      for (const order of ["bfs", "dfs"] as const) {
        for (const failures of [0, 1]) {
          const { depth: _, ...whole } = search(of, { order, failures });
          const { depth: __, ...parts } = inBranches(of, { order, failures });
          expect(parts).toEqual(whole);
        }
      }
    },
  );

  it("stops where a search in one go stops", () => {
    const of = scenario(["dropped-put"]);
    const all = search(of, { order: "dfs" }).transitions;
    for (const maxSteps of [1, 100, all - 1, all, all + 1]) {
      const options = { order: "bfs", maxSteps } as const;
      const { depth: _, ...whole } = search(of, options);
      const { depth: __, ...parts } = inBranches(of, options);
      expect(parts).toEqual(whole);
    }
  });

  it("is done again with what calls returned, if somebody asks late", () => {
    const quiet = scenario([]);
    const asks = {
      ...quiet,
      sometimes: { "a call was refused": (world) => world.results.flat().some((result) => result !== 0) },
    } satisfies typeof quiet;
    const { depth: _, ...whole } = search(asks, { order: "bfs" });
    const { depth: __, ...parts } = inBranches(asks, { order: "bfs" });
    expect(parts).toEqual(whole);
    expect(parts.states).toBeGreaterThan(search(quiet, { order: "bfs" }).states);
  });
});

describe("the states that threads have in common", () => {
  it("are those that one thread has, and take as many bytes", () => {
    const random = new Random(1);
    const shared = new SharedVisited(newCommon(false));
    const own = new Visited();
    for (let i = 0; i < 40_000; i++) {
      const [a, b] = [random.below(2 ** 32) | 0, random.below(3) - 1];
      const same = random.below(4) === 0 ? 0 : a;
      expect(shared.add(same, b)).toBe(own.add(same, b));
    }
    expect(shared.size).toBe(own.size);
    expect(shared.bytes).toBe(own.bytes);
  });

  it("are full where there is no room to grow", () => {
    const states = new SharedVisited(newCommon(false, 2 ** 16));
    for (let i = 1; !states.full; i++) expect(states.add(i, i)).toBe(true);
    expect(states.size).toBe(Math.floor((8191 * 2) / 3) + 1);
    expect(states.bytes).toBe(2 ** 16);
  });
});

it("leaves nothing out and does nothing twice, whichever thread does it", async () => {
  const common = newCommon(false);
  const thread = (first: boolean) => {
    const workerData: Tree = { common, first, choices: 3, depth: 9 };
    return new Worker(new URL("./tree-thread.ts", import.meta.url), {
      workerData,
      execArgv: ["--no-warnings"],
    });
  };
  const threads = [thread(true), thread(false), thread(false)];
  const parts = await Promise.all(threads.map(async (worker) => (await once(worker, "message"))[0]));
  const all = (3 ** 10 - 1) / 2;
  expect(parts.reduce((n, { places }) => n + places, 0)).toBe(all);
  expect(parts.reduce((n, { again }) => n + again, 0)).toBe(0);
  expect(new SharedVisited(common).size).toBe(all);
});
