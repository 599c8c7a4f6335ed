import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shippedTraces } from "@gpuvm/trace/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bench } from "./in-process.ts";

let dir = "";

/** Every file of the folder with its bytes: a command that fails changes none, and leaves none. */
function everything(): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path, readFileSync(path, "latin1")];
    }),
  );
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "wrong-uses-"));
  mkdirSync(join(dir, "folder"));
  mkdirSync(join(dir, "logs"));
  const [trace = { path: "" }] = shippedTraces();
  writeFileSync(join(dir, "cut.jsonl.gz"), readFileSync(trace.path).subarray(0, 3000));
  writeFileSync(join(dir, "empty"), "");
  writeFileSync(join(dir, "binary"), Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]));
  writeFileSync(join(dir, "prose.md"), "# A page\n\nof words.\n");
  writeFileSync(join(dir, "broken.json"), "[1,\n2");
  writeFileSync(join(dir, "object.json"), "{}");
  expect((await bench("workloads", "flips:seconds=1", "-o", join(dir, "w.jsonl"))).code).toBe(0);
  writeFileSync(join(dir, "half.jsonl"), readFileSync(join(dir, "w.jsonl"), "utf8").slice(0, 2500));
  const run = ["run", join(dir, "w.jsonl"), "-p", "powervr", "-f", "json", "-o", join(dir, "r.json")];
  expect((await bench(...run)).code).toBe(0);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Words in which `@` is the folder of the files above, and what the one line of the answer must say. */
const WRONG: readonly (readonly [string, RegExp])[] = [
  // Inputs.
  ["run @/nope", /nope: there is no such file, nor a trace of this name .*xe-gl-supertuxkart/],
  ["run @/folder", /folder: is a folder; give the files in it/],
  ["run @/empty", /empty:1: the file is empty \(was the recording or the copy interrupted\?\)/],
  ["run @/binary", /binary:1: the format is not known \(it must be one of gpu-bo-trace, gpuvas/],
  ["run @/prose.md", /prose\.md:1: the format is not known/],
  ["run @/r.json", /r\.json:1: the format is not known/],
  ["run @/cut.jsonl.gz", /cut\.jsonl\.gz:\d+: the gzip data ends early \(copy the file again/],
  ["run @/half.jsonl", /half\.jsonl:\d+: the line is not JSON \(restore the line/],
  ["lint @/nope", /nope: there is no such file, nor a trace/],
  ["lint @/folder", /folder: no file in this folder is of a known format/],
  ["lint @/half.jsonl", /half\.jsonl:\d+: the line is not JSON/],
  ["lint @/prose.md", /prose\.md:1: the format is not known .*--from FORMAT/],
  ["import @/nope", /nope: there is no such file, nor a trace/],
  ["import @/folder", /folder: can't be read: it is a folder \(name the files in it\)/],
  ["import @/cut.jsonl.gz -o @/new", /the gzip data ends early/],
  ["import @/half.jsonl -o @/new", /half\.jsonl:\d+: the line is not JSON/],
  ["import @/w.jsonl @/r.json", /r\.json:1: the format is not known/],
  ["export @/nope -f csv", /nope: there is no such file, nor a trace/],
  ["export @/folder -f csv", /folder: can't be read: it is a folder/],
  ["export @/half.jsonl -f csv -o @/new", /half\.jsonl:\d+: the line is not JSON/],
  ["export @/w.jsonl @/r.json -f csv", /"\S*r\.json" is one word too many: no more than 1 is taken here/],
  ["explain @/nope --policy xe --bo 1", /nope: there is no such file, nor a trace/],
  ["explain @/folder --policy xe --bo 1", /is a folder; give the files in it/],
  ["explain @/w.jsonl --policy xe --bo 99999", /file 0 has no buffer 99999/],
  ["compare @/r.json", /AFTER is missing; see --help/],
  ["compare @/r.json @/nope", /nope: can't be read: there is no such file; write one with: gpuvm-bench run/],
  ["compare @/r.json @/folder", /folder: is a folder; write one with/],
  ["compare @/r.json @/empty", /empty: is empty; write one with/],
  ["compare @/r.json @/broken.json", /broken\.json: is not JSON \(.*\); write one with/],
  ["compare @/r.json @/binary", /binary: is not JSON, but binary; write one with/],
  ["compare @/r.json @/object.json", /object\.json: format is missing: no result file of this version/],
  ["report", /RESULTS is missing|at least/],
  ["report @/w.jsonl", /w\.jsonl: is not JSON/],
  ["merge @/r.json @/r.json", /r\.json is given twice/],
  ["merge @/r.json @/prose.md", /prose\.md: is not JSON/],
  ["conformance @/nope", /nope: there is no such file/],
  ["conformance @/folder", /folder: this is a folder; name the files in it/],
  ["conformance @/empty", /empty: there are no vectors in it/],
  ["conformance @/prose.md", /prose\.md:1: not JSON/],
  ["study W3 --costs @/nope", /nope: can't be read: there is no such file; give a table of costs/],
  ["study W3 --costs @/object.json", /object\.json: a JSON array of costs is wanted/],
  ["record --from-logs @/nope", /there is no folder \S*nope of logs/],
  ["record --from-logs @/prose.md", /prose\.md is a file, not a folder of logs/],
  ["record -- @/nope", /there is no program "\S*nope"; is it installed/],
  // Outputs.
  ...["run @/w.jsonl -p xe -o", "run @/w.jsonl -p xe --report", "study W3 -o", "why xe --svg"]
    .concat("explore --bug X4 --perfetto", "report @/r.json -o", "merge @/r.json -o")
    .concat("workloads flips -o", "import @/w.jsonl -o", "export @/w.jsonl -f csv -o")
    .concat("micro --svg", "record -o")
    .flatMap((command): [string, RegExp][] => [
      [`${command} @/none/x`, /x: can't be written: there is no folder \S*none; make it first/],
      [`${command} @/folder`, /folder: is a folder; name a file in it/],
      [`${command} @/prose.md/x`, /x: can't be written: \S*prose\.md is no folder/],
    ]),
  [
    "run @/w.jsonl -p xe -f json -o @/w.jsonl",
    /w\.jsonl: can't be written, as it is read; name another file/,
  ],
  [
    "run @/w.jsonl -p xe -o @/new --report @/new",
    /new: can't be written, as something else is written there/,
  ],
  ["import @/w.jsonl -o @/w.jsonl", /as it is read/],
  ["export @/w.jsonl -f csv -o @/w.jsonl", /as it is read/],
  ["report @/r.json -o @/r.json", /as it is read/],
  ["merge @/r.json -o @/r.json", /as it is read/],
  // Words, and words that do not go together.
  ["--nope", /there is no flag --nope.*--help lists them/],
  ["run -z", /there is no flag -z/],
  ["run --trace", /--trace: give it a value/],
  ["run --ownership none", /--ownership: "none" is none of native, soft, hard, both/],
  ["run --samples 0", /--samples: "0" is not a whole number of at least 1/],
  ["run --samples 1 --samples 2", /--samples is given twice: 1, and 2/],
  ["run --shard 3/2", /--shard: "3\/2" is not i\/n/],
  ["run --vram much", /--vram: "much" is not a number of bytes/],
  ["run --save-baseline ../x", /"\.\.\/x" cannot name a baseline/],
  ["run --fail-on regression", /--fail-on regression: worse than what\? Give --baseline NAME/],
  ["--config x --no-config run", /--config and --no-config: one of them/],
  ["study --schedules W3", /--schedules shows W10 alone: leave out W3/],
  ["study --flips 0", /--flips: "0" is not a whole number/],
  ["why xe nouveau --svg @/new", /--svg draws one policy: name one/],
  ["why xe --format xml", /--format: "xml" is none of text, json/],
  ["explain @/w.jsonl --policy xe --bo 1 --at x", /--at: "x" is not/],
  ["explore xe --policy nouveau", /xe and --policy nouveau: explore takes one policy/],
  ["explore xe --bug X4", /--bug and --policy do not go together: leave one out/],
  ["explore xe --pairs --triples", /--pairs and --triples do not go together/],
  ["explore xe --pairs --scenario exit", /--pairs and --scenario do not go together/],
  ["explore xe --coverage", /--coverage is for --pairs or --triples/],
  ["explore xe --runs 5", /--runs is for --method random or pct/],
  ["explore --replay nope", /"nope" is no counterexample: it looks like/],
  ["explore xe --format xml", /--format: "xml" is none of text, json/],
  ["bugs X4 --format=xml", /--format: "xml" is none of text, json/],
  ["bugs --shard 0/1", /--shard: "0\/1" is not i\/n/],
  ["compare @/r.json @/r.json --threshold x", /--threshold: "x" is not a number/],
  ["compare @/r.json @/r.json @/r.json", /is one word too many: no more than 2 are taken/],
  ["workloads -o @/new", /-o writes one workload as a trace: name one/],
  ["workloads flips browser -o @/new", /-o writes one workload as a trace: name one/],
  ["export @/w.jsonl -f csv --at 5", /--at is for --format gpuvas/],
  ["export @/w.jsonl -f csv --keep-pointers", /--keep-pointers is for a gpuvas/],
  ["lint @/w.jsonl --fail-on x", /--fail-on: "x" is none of error, warning, note/],
  ["record", /name the program to record/],
  ["record --from-logs @/logs -- true", /--from-logs runs nothing: leave out true/],
  ["record --max-seconds 0 -- true", /--max-seconds: "0" is not a number above 0/],
  ["completions", /SHELL is missing/],
  ["completions tcsh", /unknown shell "tcsh": take one of bash, zsh, fish/],
  ["micro foo", /"foo" is one word too many: none is taken here/],
  ["micro --n 0", /--mappings: "0" is not a whole number from 1/],
  ["micro --peers --json", /--peers gives one table: leave out/],
  ["help", /unknown command: help/],
];

describe("a wrong use is one clear line, answers 2 and changes nothing", () => {
  it.each(WRONG)("%s", async (words, says) => {
    const before = everything();
    const { code, out, err } = await bench(...words.replaceAll("@", dir).split(" "));
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(says);
    expect(err.trimEnd().split("\n").length, err).toBe(words === "help" ? 2 : 1);
    // Neither a stack nor the system's own words.
    expect(err).not.toMatch(/\n {4}at |ENOENT|EISDIR|ENOTDIR|\.tmp/);
    expect(everything()).toEqual(before);
  });
});

describe("what is the same is taken once", () => {
  it("a policy or a trace that is named twice", async () => {
    const trace = join(dir, "w.jsonl");
    const run = await bench(
      "run",
      trace,
      join(dir, ".", "w.jsonl"),
      "-p",
      "xe",
      "-p",
      "xe:mainline",
      "-f",
      "csv",
    );
    expect([run.code, run.out.trimEnd().split("\n")]).toEqual([0, expect.objectContaining({ length: 2 })]);
  });

  it("but two traces of one name are two", async () => {
    const other = join(dir, "folder", "w.jsonl");
    await bench("workloads", "flips:seconds=1,hz=30", "-o", other);
    const run = await bench("run", join(dir, "w.jsonl"), other, "-p", "xe", "-f", "csv");
    rmSync(other);
    expect(run.code).toBe(0);
    expect(run.out).toContain(`${other},`);
    expect(run.out.trimEnd().split("\n")).toHaveLength(3);
  });

  it("the name of a trace that comes with the project is understood by all that read one", async () => {
    const [{ name } = { name: "" }] = shippedTraces().filter((trace) => trace.name.startsWith("powervr"));
    expect((await bench("lint", name)).code).toBe(0);
    expect((await bench("import", name, "-o", join(dir, "again.jsonl"))).code).toBe(0);
    expect((await bench("export", name, "-f", "markdown", "-o", join(dir, "again.md"))).code).toBe(0);
    expect(readFileSync(join(dir, "again.md"), "utf8")).toContain("| events |");
  });
});
