import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Results } from "@gpuvm/results";
import { printGpuvas, shippedTraces } from "@gpuvm/trace/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../src/cli/app.ts";
import { bytes, contiguity } from "../src/cli/parse.ts";
import { progressLine } from "../src/cli/progress.ts";
import { SCRIPTS } from "../src/completion/scripts.ts";
import { configSchema } from "../src/config/schema.ts";
import { benchIn } from "./in-process.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const NODE_ARGS = ["--conditions=@gpuvm/source", MAIN];

let dir = "";

async function bench(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const { code, out, err } = await benchIn(dir, ...args);
  return { status: code, stdout: out, stderr: err };
}

function results(name: string): Results {
  return JSON.parse(readFileSync(join(dir, name), "utf8")) as Results;
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "gpuvm-cli-"));
  // Examples without a trace replay this one: the shipped ones take too long for a test.
  for (const name of ["glmark2", "my"]) {
    expect((await bench("workloads", "flips:seconds=3", "-o", `${name}.jsonl.gz`)).status).toBe(0);
  }
  writeFileSync(join(dir, "gpuvm.config.json"), JSON.stringify({ run: { trace: ["glmark2.jsonl.gz"] } }));
  const mapping = (va: number, object: bigint) => ({ va: BigInt(va), length: 65536n, object, offset: 0n });
  const space = { name: "gpu", start: 0n, end: 1n << 47n, reservedStart: 0n, reservedEnd: 0n, emptyLines: 1 };
  const dump = (...vas: number[]) =>
    printGpuvas([{ ...space, mappings: vas.map((va) => mapping(va, BigInt(va))) }]);
  writeFileSync(join(dir, "gpuvas.txt"), dump(0x100000, 0x200000));
  for (const n of [1, 2, 3])
    writeFileSync(join(dir, `gpuvas-${n}.txt`), dump(0x100000 * n, 0x100000 * (n + 1)));
  const event =
    "app-1 [000] 1.000000: xe_vma_bind: dev=d, vma=0xffff888111110000, vm=0xffff8881a1b2c000, asid=0x00001, start=0x000000200000, end=0x00000020ffff, userptr=0x000000000000\n";
  writeFileSync(join(dir, "trace-cmd.txt"), event);
  writeFileSync(join(dir, "trace.txt"), event);
  writeFileSync(join(dir, "dmesg.txt"), "[    1.000000] usb 1-1: new device\n");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const MINE = [
  "import",
  "workloads",
  "lint",
  "export",
  "run",
  "merge",
  "report",
  "compare",
  "completions",
] as const;

/** Lines of a command's help that are a whole command of this program. */
function examples(name: keyof typeof COMMANDS): string[] {
  const text = COMMANDS[name]?.fullDescription ?? "";
  return text.split("\n").flatMap((line) => /^ {2}(gpuvm-bench .*?)( \| .*)?$/.exec(line)?.[1] ?? []);
}

describe("--contiguity", () => {
  it("is a power of two from a page on, or whole", async () => {
    expect(["4096", "4K", "64K", "2M", "1G", "whole"].map(contiguity)).toEqual([
      4096,
      4096,
      65536,
      2 ** 21,
      2 ** 30,
      Number.POSITIVE_INFINITY,
    ]);
    for (const wrong of ["", "0", "2K", "12K", "4k", "-4K", "huge"])
      expect(() => contiguity(wrong), wrong).toThrow(/is not a power of two from 4K on/);
  });
});

describe("--vram and --memory", () => {
  it("are bytes", async () => {
    expect(["0", "4096", "64M", "8G"].map(bytes)).toEqual([0, 4096, 2 ** 26, 2 ** 33]);
    for (const wrong of ["", "-1", "1.5G", "64MB", "much"])
      expect(() => bytes(wrong), wrong).toThrow(/is not a number of bytes/);
  });
});

describe("the examples in the help", () => {
  it("are there for every command", async () => {
    for (const name of Object.keys(COMMANDS) as (keyof typeof COMMANDS)[]) {
      expect((await bench(name, "--help")).stdout, name).toContain(`gpuvm-bench ${name}`);
    }
    for (const name of MINE) expect(examples(name).length, name).toBeGreaterThan(0);
  }, 120_000);

  it("work, in their order", async () => {
    for (const name of MINE) {
      for (const example of examples(name)) {
        const [command = "", file] = example.split(" > ");
        const args = command
          .split(" ")
          .slice(1)
          .map((word) => word.replaceAll('"', ""));
        const { status, stderr, stdout } = await bench(...args);
        if (file !== undefined) writeFileSync(join(dir, file), stdout);
        // Counted references in msm as posted leave objects behind: that is what it shows.
        const fine = example.includes("--ownership both") ? [1] : [0, 3];
        expect(fine, `${example}\n${stderr}\n${stdout}`).toContain(status);
      }
    }
  }, 300_000);
});

describe("a run in parts", () => {
  const common = [
    "run",
    "--policy",
    "powervr",
    "--policy",
    "panthor",
    "--workload",
    "bad-exit:programs=2",
    "--workload",
    "ml:mib=8,steps=5",
    "-f",
    "json",
  ];

  it("is the same as the whole", async () => {
    await bench(...common, "-o", "whole.json");
    for (const part of ["1/3", "2/3", "3/3"]) {
      expect((await bench(...common, "--shard", part, "-o", `part-${part[0]}.json`)).status).toBe(0);
    }
    expect(
      (await bench("merge", "part-1.json", "part-2.json", "part-3.json", "-o", "merged.json")).status,
    ).toBe(0);
    // All of it but the times, and in the same order.
    const figures = (name: string) => {
      const text = readFileSync(join(dir, name), "utf8");
      return JSON.stringify(JSON.parse(text, (key, value) => (key === "timing" ? null : value)));
    };
    expect(figures("merged.json")).toEqual(figures("whole.json"));
    expect(results("whole.json").runs).toHaveLength(4);
    const without = await bench("merge", "part-1.json", "part-3.json");
    expect([without.status, without.stderr]).toEqual([2, expect.stringMatching(/in none .* --shard 2\/3/)]);
    expect(results("part-1.json").options.shard).toBe("1/3");
    expect(results("whole.json").options.seed).toBe(1);
    expect(Object.keys(results("whole.json").versions ?? {})).toEqual(["gpuvm-bench", "node", "v8"]);
  }, 120_000);

  it("is refused where parts don't go together", async () => {
    const other = results("whole.json");
    writeFileSync(
      join(dir, "other.json"),
      JSON.stringify({ ...other, options: { ...other.options, seed: 9 } }),
    );
    const { status, stderr } = await bench("merge", "whole.json", "other.json");
    expect([status, stderr]).toEqual([2, expect.stringContaining("seed")]);
  });

  it("chooses by --filter", async () => {
    await bench(...common, "--filter", "^ml.* on pan", "-o", "filtered.json");
    expect(results("filtered.json").runs.map((run) => run.policy)).toEqual(["panthor"]);
    expect((await bench(...common, "--filter", "nothing")).stderr).toContain("leaves nothing to replay");
  });
});

describe("baselines", () => {
  const run = ["run", "--policy", "powervr", "--workload", "ml:mib=8,steps=5"];

  it("are silent when nothing changed, and answer 3 to a planted 10 %", async () => {
    expect((await bench(...run, "--save-baseline", "b")).status).toBe(0);
    const same = await bench(...run, "--baseline", "b", "--fail-on", "regression");
    expect([same.status, same.stdout]).toEqual([0, expect.stringContaining("0 worse, 0 better")]);
    const path = "gpuvm-results/baselines/b.json";
    const planted = results(path);
    const fewer = planted.runs.map((r) => ({ ...r, ptes_written: Math.round(r.ptes_written / 1.1) }));
    writeFileSync(join(dir, path), JSON.stringify({ ...planted, runs: fewer }));
    const worse = await bench(...run, "--baseline", "b", "--threshold", "5%", "--fail-on", "regression");
    expect([worse.status, worse.stdout]).toEqual([3, expect.stringMatching(/ptes_written .*1\.100 .*worse/)]);
    expect((await bench(...run, "--baseline", "none")).stderr).toContain("there are: b");
  }, 60_000);

  it("go with a relative row, with an error where there are samples", async () => {
    const { stdout } = await bench(...run, "--reference", "panthor", "--samples", "3");
    expect(stdout).toMatch(/time, relative to panthor:mainline +1\.00 ± \d+\.\d\d +\d+\.\d\d ± \d+\.\d\d/);
  });

  it("can be benchstat's", async () => {
    const { stdout } = await bench(...run, "-f", "benchstat", "--samples", "2");
    expect(stdout.match(/^BenchmarkReplay\/trace=\S+\/policy=powervr:mainline 1 \d+ ns\/op /gm)).toHaveLength(
      2,
    );
  });
});

describe("Ctrl-C", () => {
  it.skipIf(process.platform === "win32")(
    "leaves what is finished, three signals at once included",
    async () => {
      const args = [
        "run",
        "-p",
        "powervr",
        "-w",
        "flips:seconds=1",
        "--samples",
        "5000",
        "-f",
        "json",
        "-o",
        "partial.json",
      ];
      // As in a terminal, so that it says when the first replay is done.
      const terminal = ["--import", "data:text/javascript,process.stderr.isTTY=true"];
      const child = spawn(process.execPath, [...terminal, ...NODE_ARGS, ...args], {
        cwd: dir,
        stdio: ["ignore", "ignore", "pipe"],
      });
      const exited = new Promise((done) => child.on("exit", done));
      let stderr = "";
      await new Promise<void>((done) => {
        child.stderr.on("data", (chunk) => {
          stderr += chunk;
          if (/[1-9]\d*\/5,000 replays/.test(stderr)) done();
        });
      });
      for (let i = 0; i < 3; i++) child.kill("SIGINT");
      const code = await exited;
      expect([code, stderr]).toEqual([130, expect.stringContaining("interrupted: 1 of 1 replays")]);
      expect(results("partial.json")).toMatchObject({
        partial: true,
        runs: [{ subject: "powervr:mainline" }],
      });
      expect(readdirSync(dir).filter((name) => /partial$|tmp$/.test(name))).toEqual([]);
    },
    60_000,
  );
});

describe("gpuvm.config", () => {
  it("has a schema that fits the flags; GPUVM_WRITE_SCHEMA=1 writes it anew", async () => {
    const path = new URL("../gpuvm.config.schema.json", import.meta.url);
    const schema = configSchema(COMMANDS);
    if (process.env["GPUVM_WRITE_SCHEMA"]) writeFileSync(path, `${JSON.stringify(schema, null, 2)}\n`);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(schema);
  });
});

describe("completions", () => {
  it("know commands, flags, policies, workloads", async () => {
    const words = async (...args: string[]) =>
      (await bench("__complete", ...args)).stdout.split("\n").map((l) => l.split("\t")[0]);
    expect(await words("im")).toContain("import");
    expect(await words("run", "--sav")).toContain("--save-baseline");
    expect(await words("run", "--policy", "powervr:")).toContain("powervr:mainline");
    expect(await words("run", "--workload", "br")).toEqual(["browser", ""]);
  });

  it("complete in bash, colons included", async () => {
    const script = `gpuvm-bench() { '${process.execPath}' ${NODE_ARGS.map((a) => `'${a}'`).join(" ")} "$@"; }
${SCRIPTS.bash}
COMP_WORDS=(gpuvm-bench run --policy powervr : ma); COMP_CWORD=5; _gpuvm_bench; echo "\${COMPREPLY[@]}"
COMP_WORDS=(gpuvm-bench comp); COMP_CWORD=1; _gpuvm_bench; echo "\${COMPREPLY[@]}"`;
    const { stdout, error } = spawnSync("bash", ["-c", script], { cwd: dir, encoding: "utf8" });
    if (error !== undefined) return;
    expect(stdout.split("\n")).toEqual(["mainline", "compare completions", ""]);
  });
});

describe("the progress line", () => {
  it("tells rate and what is left, and doesn't foretell an end that nobody knows", async () => {
    const options = { total: 50, unit: "replays" };
    expect(progressLine(options, 10, 5, "x")).toBe("10/50 replays, 2.0/s, 20 s left: x");
    expect(progressLine({ ...options, total: Number.NaN }, 10, 5, "x")).toBe("10 replays, 2.0/s: x");
  });
});

describe("shipped traces", () => {
  it("are where run looks for them", () => expect(shippedTraces()).toHaveLength(10));
});
