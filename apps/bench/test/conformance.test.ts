import { globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { ANSWERS } from "../src/answers.ts";
import { runConformance, shippedFiles } from "../src/commands/conformance.ts";

const dir = mkdtempSync(join(tmpdir(), "gpuvm-conformance-"));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, ...lines: object[]): string {
  const path = join(dir, name);
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return path;
}

async function run(files: string[], json: boolean): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await runConformance(
    { files, json },
    (s) => {
      out += s;
    },
    (s) => {
      err += s;
    },
  );
  return { code, out, err };
}

const init = { op: "init", start: "0x0", range: "0x40", kstart: "0x0", krange: "0x0" };
const good = file("good.jsonl", init, { op: "dump", vas: [], refs: 1 });
const wrong = file("wrong.jsonl", init, ...Array(7).fill({ op: "dump", vas: [], refs: 2 }));
const bad = file("bad.jsonl", init, { op: "dumb" });

/** What pages say of the answers that come with the project: the page, the number, which files it is of, exactly or at least. */
const CLAIMS: readonly (readonly [page: string, says: RegExp, part: string, exactly: boolean])[] = [
  ["README.md", /more than ([\d,]+) recorded answers/, "/conformance/", false],
  ["apps/docs/guides/why-does-msm-need-that.md", /each of ([\d,]+) answers/, "policy-msm", true],
  ["packages/policy-msm/README.md", /come with the package, ([\d,]+) of them/, "policy-msm", true],
  ["packages/policy-nouveau/README.md", /has ([\d,]+) answers/, "policy-nouveau", true],
  ["packages/policy-powervr/README.md", /([\d,]+) answers of 7\.3\.4's own code/, "powervr.jsonl", true],
  ["packages/policy-powervr/README.md", /([\d,]+) answers of the same/, "powervr-jobs", true],
  ["packages/policy-xe/README.md", /more than ([\d,]+) answers/, "policy-xe", false],
];

/** Answers in a file: its lines, but for those that begin a VM of the core's. */
function answersIn(file: string): number {
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split("\n");
  return lines.filter((line) => !line.includes('"op":"init"')).length;
}

describe("gpuvm-bench conformance", () => {
  // Every answer is replayed by the tests of the package that it comes with.
  it("without files takes all that come with the project", () => {
    const packages = new URL("../../../packages/", import.meta.url);
    const found = globSync("*/vectors/*.jsonl.gz", { cwd: fileURLToPath(packages) });
    const taken = shippedFiles().map((file) => relative(fileURLToPath(packages), file));
    expect(taken.toSorted()).toEqual(found.toSorted());
    expect(taken.length).toBeGreaterThan(20);
    expect(ANSWERS.length).toBe(5);
  });

  it("has a model for the requests of each driver", async () => {
    const smallest = new Map<string, string>();
    for (const file of shippedFiles().toSorted((one, other) => statSync(other).size - statSync(one).size))
      smallest.set(dirname(file), file);
    const { code, out } = await run([...smallest.values()], true);
    const { files, total } = JSON.parse(out);
    expect(code).toBe(0);
    expect(files).toHaveLength(6);
    expect(files.every((f: { vectors: number }) => f.vectors > 0)).toBe(true);
    expect(total).toMatchObject({ failed: 0, skipped: 0 });
  });

  it.each(CLAIMS)("%s: %s", (page, says, part, exactly) => {
    const counted = shippedFiles()
      .filter((file) => file.includes(part))
      .reduce((sum, file) => sum + answersIn(file), 0);
    const [, number = ""] =
      says.exec(readFileSync(new URL(`../../../${page}`, import.meta.url), "utf8")) ?? [];
    const said = Number(number.replaceAll(",", ""));
    expect(said).toBeGreaterThan(exactly ? counted - 1 : counted * 0.9);
    expect(said).toBeLessThanOrEqual(counted);
  });

  it("prints JSON", async () => {
    const { code, out, err } = await run([good, wrong], true);
    expect([code, err]).toEqual([1, ""]);
    expect(JSON.parse(out)).toEqual({
      files: [
        { file: good, vectors: 2, failed: 0, skipped: 0 },
        { file: wrong, vectors: 8, failed: 7, skipped: 0 },
      ],
      total: { vectors: 10, failed: 7, skipped: 0 },
    });
  });

  it("prints a table, with the first failures", async () => {
    const { code, out } = await run([good, wrong], false);
    expect(code).toBe(1);
    const block = (n: number) =>
      `  line ${n}
    request   {"op":"dump"}
    expected  {"vas":[],"refs":2}
    actual    {"vas":[],"refs":1}
    before    0 mappings, 1 references:
`;
    const pad = " ".repeat(wrong.length - good.length);
    const rest = `${[2, 3, 4, 5, 6].map(block).join("")}  ... and 2 more\n`;
    const head = `${"file".padEnd(wrong.length)}  vectors   failed  skipped\n`;
    const last = `${"total".padEnd(wrong.length)}       10        7        0\n`;
    expect(out).toBe(
      `${head}${good}${pad}        2        0        0\n${wrong}        8        7        0\n${rest}${last}`,
    );
  });

  it("prints nothing but errors when a file can't be read", async () => {
    for (const json of [true, false]) {
      expect(await run([good, bad, join(dir, "none")], json)).toEqual({
        code: 2,
        out: "",
        err: `${bad}:2: there is no op "dumb"\n${join(dir, "none")}: there is no such file\n`,
      });
    }
  });
});
