import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Results } from "@gpuvm/results";
import { afterAll, describe, expect, it } from "vitest";
import { shippedSources } from "../src/index.ts";
import { bench } from "./in-process.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const OUTSIDE = fileURLToPath(new URL("outside-policy.ts", import.meta.url));
const GLMARK2 = shippedSources().find((path) => path.includes("glmark2")) as string;
const folder = mkdtempSync(join(tmpdir(), "gpuvm-workers-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Results without their times, and the threads that made them. */
function counted(json: string): Results {
  const { options, ...rest } = JSON.parse(json, (key, value) => (key === "timing" ? undefined : value));
  const { workers: _, ...others } = options;
  return { ...rest, options: others };
}

describe("several replays at a time", () => {
  it("come to what one after the other comes to, in its order", async () => {
    const words = [
      "--trace",
      GLMARK2,
      "--workload",
      "game:seconds=1",
      "--policy",
      "panthor",
      "--policy",
      "xe",
    ];
    const more = ["--samples", "2", "--max-buffers", "120", "--format", "json"];
    const one = await bench("run", ...words, ...more);
    const two = await bench("run", ...words, ...more, "--workers", "2");
    expect(counted(two.out)).toEqual(counted(one.out));
    const { runs, refusals = [], options } = JSON.parse(two.out) as Results;
    expect(options.workers).toBe(2);
    // The recording has more than 120 buffers open at once, the game has fewer.
    expect([runs.length, refusals.length]).toEqual([2, 2]);
    for (const { timing } of runs) expect(timing.samples_ms).toHaveLength(2);
    expect({ code: two.code, err: two.err }).toEqual({ code: one.code, err: one.err });
  });

  it("know standard input, and policies from outside", () => {
    const words = ["run", "--trace", "-", "--policy", OUTSIDE, "--policy", "panthor", "--format", "json"];
    const input = readFileSync(GLMARK2);
    const run = (...more: string[]) =>
      spawnSync(process.execPath, ["--conditions=@gpuvm/source", MAIN, ...words, ...more], { input });
    const one = run();
    const two = run("--workers", "2");
    expect(two.stderr.toString()).toBe(one.stderr.toString());
    expect(two.status).toBe(one.status);
    expect(counted(two.stdout.toString())).toEqual(counted(one.stdout.toString()));
  });

  it("say of a line that only they come to what is wrong with it", async () => {
    const path = join(folder, "long.jsonl");
    const header = {
      format: "gpu-bo-trace",
      version: 1,
      driver: "xe",
      userspace: "a test",
      program: "long",
      captured_with: "-",
      description: "-",
    };
    const lines = Array.from({ length: 260_000 }, (_, i) => `{"t":${i},"op":"cpu_map","bo":1}`);
    const first = '{"t":0,"op":"gem_new","bo":1,"size":4096,"flags":0}';
    writeFileSync(path, `${[JSON.stringify(header), first, ...lines].join("\n")}\n{"t":1}\n`);
    const { code, err } = await bench("run", "--trace", path, "--policy", "xe", "--workers", "2");
    expect(err).toContain(`${path}:260003: `);
    expect(code).toBe(2);
  });
});
