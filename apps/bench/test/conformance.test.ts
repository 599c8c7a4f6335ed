import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

describe("gpuvm-bench conformance", () => {
  it("without files replays those that come with it", async () => {
    const { code, out } = await run([], true);
    const result = JSON.parse(out);
    expect(code).toBe(0);
    expect(result.files.map((f: { file: string }) => f.file)).toEqual(shippedFiles());
    const isDriver = ({ file }: { file: string }) => file.includes("policy-");
    const core = result.files.filter((f: { file: string }) => !isDriver(f));
    expect(core.reduce((n: number, f: { vectors: number }) => n + f.vectors, 0)).toBe(118_065);
    const drivers = result.files.filter(isDriver);
    expect(drivers.length).toBe(ANSWERS.flatMap(({ VECTORS }) => VECTORS).length);
    expect(drivers.every((f: { vectors: number }) => f.vectors > 0)).toBe(true);
    expect(result.total).toMatchObject({ failed: 0, skipped: 0 });
    const counted = (part: string) =>
      (result.files as { file: string; vectors: number }[])
        .filter(({ file }) => file.includes(part))
        .reduce((sum, { vectors }) => sum + vectors, 0);
    for (const [page, says, part, exactly] of CLAIMS) {
      const text = readFileSync(new URL(`../../../${page}`, import.meta.url), "utf8");
      const [, number = ""] = says.exec(text) ?? [];
      const said = Number(number.replaceAll(",", ""));
      expect(said, `${page}: ${says}`).toBeGreaterThan(counted(part) * (exactly ? 0.999_999 : 0.9));
      expect(said, `${page}: ${says}`).toBeLessThanOrEqual(counted(part));
    }
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
