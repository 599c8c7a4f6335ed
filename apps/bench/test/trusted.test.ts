/** The promises of the page "What is trusted": a test for each, and none without. */
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { reportHtml } from "@gpuvm/report";
import { compareResults, parseResults } from "@gpuvm/results";
import { writeOutput } from "@gpuvm/trace/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resultsFile, runOf } from "../../../packages/results/test/results-fixture.ts";
import { COMMANDS } from "../src/cli/app.ts";
import { Room } from "../src/cli/room.ts";
import { runExplore } from "../src/commands/explore.ts";
import { configured } from "../src/config/words.ts";
import { detailsText, runsCsv } from "../src/format/details.ts";

const ROOT = new URL("../../../", import.meta.url);
const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const PAGE = readFileSync(new URL("apps/docs/guides/what-is-trusted.md", ROOT), "utf8");
const ESCAPES = "\u001b]0;x\u0007\u001b[2J\u009b31m\u202e\r";
const ACTING = /(?![\n\t])\p{Cc}|\p{Bidi_Control}/u;

let dir = "";
const at = (name: string) => join(dir, name);

function bench(...args: string[]) {
  return spawnSync(process.execPath, ["--conditions=@gpuvm/source", MAIN, ...args], {
    cwd: dir,
    encoding: "utf8",
  });
}

/** A module that leaves a mark when it is run. */
const MARK = `import { writeFileSync } from "node:fs"; writeFileSync(new URL("ran", import.meta.url), "");
export default {};`;

const trace = (program: string, driver = "msm") =>
  `${JSON.stringify({ format: "gpu-bo-trace", version: 1, driver, program })}
{"t":0,"op":"gem_new","bo":1,"size":4096,"flags":1}
{"t":10,"op":"gem_close","bo":1}
`;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "gpuvm-trusted-"));
  writeFileSync(at("package.json"), '{"type":"module"}');
  writeFileSync(at("evil.mjs"), MARK);
  writeFileSync(at("gpuvm.config.mjs"), MARK);
  writeFileSync(at("a.jsonl"), trace(`${ESCAPES}=1+1`));
  writeFileSync(at("evil.jsonl"), trace("./evil.mjs", "./evil.mjs"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const ran = () => existsSync(at("ran"));

const PROMISES: Readonly<Record<string, () => Promise<void> | void>> = {
  "Traces, dumps, logs and result files are data.": () => {
    expect(bench("run", "evil.jsonl", "-p", "xe").status).not.toBe(null);
    const evil = { policy: "./evil.mjs", subject: "./evil.mjs:x", trace: "./evil.mjs" };
    const results = parseResults(JSON.stringify(resultsFile(runOf(evil))), "r.json");
    compareResults(results, results, 0.01);
    expect(ran()).toBe(false);
    // And the mark is one that is left when the file is named.
    bench("run", "a.jsonl", "-p", "./evil.mjs");
    expect(ran()).toBe(true);
    rmSync(at("ran"));
  },
  "Nothing is run because it lies in a folder.": async () => {
    const said: string[] = [];
    const words = await configured(["run"], COMMANDS, (line) => said.push(line), dir);
    expect([words, ran()]).toEqual([["run"], false]);
    expect(said.join("")).toContain("is code, and is run only when it is named");
  },
  "A configuration that was found neither writes nor runs anything.": async () => {
    mkdirSync(at("sub"));
    for (const flags of [{ out: "x" }, { report: "x" }, { policy: "../evil.mjs" }]) {
      writeFileSync(at("sub/gpuvm.config.json"), JSON.stringify({ run: flags }));
      await expect(configured(["run"], COMMANDS, () => {}, at("sub"))).rejects.toThrow(
        "only you can ask for",
      );
    }
    rmSync(at("sub"), { recursive: true });
  },
  "A replay token runs no file that you did not name beside it.": async () => {
    for (const token of [`${at("evil.mjs")}/x@a1`, `bug:X4/${at("evil.mjs")}@a1`, `${at("evil.mjsx")}@a1`])
      await expect(runExplore({ replay: token }, () => {})).rejects.toThrow();
    expect(ran()).toBe(false);
  },
  "Completions load neither policies nor configurations.": () => {
    const { status, stderr } = bench("__complete", "run", "--policy", "./evil.mjs");
    expect([status, stderr, ran()]).toEqual([0, "", false]);
  },
  "Files are written where a flag says, and nowhere else.": () => {
    const before = readdirSync(dir);
    for (const args of [
      ["export", "a.jsonl", "--format", "csv"],
      ["run", "a.jsonl", "-p", "xe"],
    ])
      bench(...args);
    expect(readdirSync(dir)).toEqual(before);
  },
  "An output is whole, or it is what was there before.": async () => {
    writeFileSync(at("out.json"), "old");
    const args = [
      "run",
      "-p",
      "xe",
      "-w",
      "flips:seconds=1",
      "--samples",
      "9",
      "-f",
      "json",
      "-o",
      "out.json",
    ];
    for (const ms of [0, 300]) {
      const child = spawn(process.execPath, ["--conditions=@gpuvm/source", MAIN, ...args], { cwd: dir });
      await new Promise((wait) => setTimeout(wait, ms));
      child.kill("SIGKILL");
      await new Promise((done) => child.on("exit", done));
      const text = readFileSync(at("out.json"), "utf8");
      if (text !== "old") JSON.parse(text);
    }
    expect(() => writeOutput(join(at("out.json"), "below"), "x")).toThrow();
    rmSync(at("out.json"));
  },
  "What is no regular file stays what it is.": () => {
    writeFileSync(at("target"), "old", { mode: 0o600 });
    symlinkSync("target", at("link"));
    writeOutput(at("link"), "new");
    expect([lstatSync(at("link")).isSymbolicLink(), readFileSync(at("target"), "utf8")]).toEqual([
      true,
      "new",
    ]);
    expect(statSync(at("target")).mode & 0o777).toBe(0o600);
    if (process.platform !== "win32") {
      writeOutput("/dev/null", "x");
      expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
    }
    rmSync(at("link"));
    rmSync(at("target"));
  },
  "Names act on no terminal.": () => {
    for (const args of [
      ["run", "a.jsonl", "-p", "xe", "--details"],
      ["lint", `${ESCAPES}.jsonl`],
      ["lint", "--from", "gpuvas", "a.jsonl"],
    ]) {
      const { stdout, stderr } = bench(...args);
      expect(stdout + stderr).not.toBe("");
      expect(stdout + stderr, args.join(" ")).not.toMatch(ACTING);
    }
    const runs = [runOf({ trace: ESCAPES, program: ESCAPES, driver: ESCAPES, subject: ESCAPES })];
    for (const text of [runsCsv(runs), detailsText(runs, true), detailsText(runs, false)])
      expect(text).not.toMatch(ACTING);
  },
  "CSV runs nothing in a spreadsheet.": () => {
    const csv = runsCsv([runOf({ trace: "=1+1", program: "@SUM(A1)", driver: "+1", subject: "-cmd" })]);
    expect(csv).toMatch(/^'=1\+1,'\+1,'@SUM\(A1\),/m);
    expect(csv).toContain(",'-cmd,");
  },
  "The HTML report runs no script and fetches nothing.": () => {
    const name = `"><script>alert(1)</script><img src=http://x onerror=alert(1)>`;
    const run = runOf({ trace: name, program: name, subject: name, policy: name, driver: name });
    const html = reportHtml([{ name, results: { ...resultsFile(run), incomplete: [name] } }]);
    expect(html).not.toMatch(/<(?:script|img|iframe|link|object|embed|base)\b|<[^>]*\son\w+=|url\(|@import/i);
    expect(html).toContain("&lt;script");
  },
  "Damaged input ends in one line that names the file, and exit code 2.": () => {
    writeFileSync(at("bad.jsonl"), `${trace("x")}{"t":\n`);
    for (const args of [
      ["run", "bad.jsonl"],
      ["lint", "bad.jsonl"],
      ["report", "bad.jsonl"],
      ["import", "none.jsonl"],
      ...(process.platform === "win32" ? [] : [["run", "/dev/zero"]]),
    ]) {
      const { status, stderr } = bench(...args);
      const lines = stderr
        .trim()
        .split("\n")
        .filter((line) => !line.includes("is code, and is run only"));
      expect([args[0], status, lines.length, lines[0]]).toEqual([
        args[0],
        2,
        1,
        expect.stringContaining(args[1] as string),
      ]);
    }
  },
  "More than can be held ends in one line that names the limit.": () => {
    const room = new Room(
      1000,
      () => 990,
      () => {},
    );
    expect(() => room.check()).toThrow(/--max-old-space-size/);
    writeFileSync(
      at("two.jsonl"),
      trace("x").replace('{"t":10', '{"t":5,"op":"gem_new","bo":2,"size":4096,"flags":1}\n{"t":10'),
    );
    const { status, stderr } = bench("run", "two.jsonl", "-p", "msm", "--max-buffers", "1");
    expect([status, stderr]).toEqual([4, expect.stringContaining("--max-buffers raises the limit")]);
  },
  "Nothing goes over a network.": () => {
    const sources = ["packages", "apps"].flatMap((group) =>
      readdirSync(new URL(`${group}/`, ROOT))
        .map((name) => new URL(`${group}/${name}/src/`, ROOT))
        .filter((src) => existsSync(src))
        .flatMap((src) =>
          readdirSync(src, { recursive: true, encoding: "utf8" })
            .filter((file) => file.endsWith(".ts"))
            .map((file) => fileURLToPath(new URL(file, src))),
        ),
    );
    expect(sources.length).toBeGreaterThan(300);
    const reaches =
      /from "(?:node:)?(?:https?|http2|net|tls|dgram|dns|undici)(?:\/\w+)?"|\bfetch\(|\bWebSocket\b/;
    expect(sources.filter((file) => reaches.test(readFileSync(file, "utf8")))).toEqual([]);
  },
};

describe("what is promised", () => {
  it("is what stands on the page", () => {
    const promised = [...PAGE.matchAll(/^- \*\*(.+?)\*\*/gms)].map(([, words]) =>
      words?.replaceAll("\n", " "),
    );
    expect(Object.keys(PROMISES)).toEqual(promised);
    expect(readFileSync(new URL("SECURITY.md", ROOT), "utf8")).toContain(
      "apps/docs/guides/what-is-trusted.md",
    );
  });

  it.each(Object.entries(PROMISES))("%s", async (_words, holds) => holds(), 60_000);
});
