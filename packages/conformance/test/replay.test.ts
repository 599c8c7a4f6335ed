import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type Failure, replayFile, shippedVectors, VectorError } from "../src/node/index.ts";

/** As PROVENANCE.md has them; counted by other code than ours. */
const VECTORS: Readonly<Record<string, number>> = {
  "doc-cases": 247,
  "random-small": 21_120,
  "random-48bit": 50_070,
  "random-57bit": 10_030,
  madvise: 6342,
  callbacks: 4248,
  "exec-lock": 2827,
  edge: 3843,
  "vmbo-refs": 19_338,
};

function bytes(...lines: (object | string)[]): Uint8Array {
  const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
  return new TextEncoder().encode(text.map((line) => `${line}\n`).join(""));
}

const cache = new Map<string, string[]>();

function linesOf(suite: string): string[] {
  const known = cache.get(suite);
  if (known !== undefined) return known;
  const shipped = shippedVectors().find((v) => v.suite === suite);
  const text = gunzipSync(readFileSync(shipped?.path ?? "")).toString();
  const lines = text.trimEnd().split("\n");
  cache.set(suite, lines);
  return lines;
}

const INIT = { op: "init", start: "0x0", range: "0x40", kstart: "0x0", krange: "0x0" };

describe("the kernel's answers are the model's", () => {
  it.each(shippedVectors())("$suite", async ({ suite, path }) => {
    const result = await replayFile(path, { keep: 3 });
    expect(result.failures).toEqual([]);
    expect(result).toMatchObject({ vectors: VECTORS[suite], failed: 0, skipped: 0 });
  });

  it.each(shippedVectors())("$suite, with locks and references checked", async ({ path }) => {
    const { failures, failed } = await replayFile(path, { keep: 3, checks: true });
    expect(failures).toEqual([]);
    expect(failed).toBe(0);
  });
});

/** Changes one number, string or boolean of an answer. */
function spoil(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") return value === "0x1" ? "0x2" : "0x1";
  if (value === null) return 7;
  if (Array.isArray(value)) return value.length === 0 ? [1] : [...value.slice(0, -1), spoil(value.at(-1))];
  return Object.fromEntries(
    Object.entries(value as object).map(([key, v], i, all) => [key, i === all.length - 1 ? spoil(v) : v]),
  );
}

describe("a wrong answer is found, each member of it", () => {
  const requests = "addr range obj off dry fail flags vm bo va evict mode resv start kstart krange op".split(
    " ",
  );
  const answers: [suite: string, op: string, key: string][] = [];
  for (const { suite } of shippedVectors()) {
    const seen = new Set<string>();
    for (const text of linesOf(suite)) {
      const line = JSON.parse(text) as Record<string, unknown>;
      for (const key of Object.keys(line)) {
        const asks =
          requests.includes(key) &&
          !(key === "va" && /^find/.test(line["op"] as string)) &&
          !(key === "bo" && /^bo_(find|obtain|create)$/.test(line["op"] as string));
        const id = `${String(line["op"])} ${key}`;
        if (asks || line["op"] === "meta" || line["op"] === "note" || seen.has(id)) continue;
        seen.add(id);
        answers.push([suite, line["op"] as string, key]);
      }
    }
  }

  it("there are many kinds of answers", () => expect(answers.length).toBeGreaterThan(80));

  it.each(answers)("%s: %s.%s", async (suite, op, key) => {
    const lines = linesOf(suite);
    const at = lines.findIndex((text) => {
      const line = JSON.parse(text) as Record<string, unknown>;
      return line["op"] === op && line[key] !== undefined;
    });
    let from = at;
    while (!/"op":"(init|reset)"/.test(lines[from] as string)) from--;
    const line = JSON.parse(lines[at] as string) as Record<string, unknown>;
    const spoilt = { ...line, [key]: spoil(line[key]) };
    const { failed, failures } = await replayFile(bytes(...lines.slice(from, at), spoilt));
    expect(failed).toBe(1);
    expect(failures[0]).toMatchObject({ line: at - from + 1 });
    const { [key]: _, ...without } = line;
    expect((await replayFile(bytes(...lines.slice(from, at), without))).failed).toBe(1);
  });
});

describe("a failure", () => {
  it("has request, both answers, and the VM before it", async () => {
    const seen: Failure[] = [];
    const result = await replayFile(
      bytes(
        INIT,
        {
          ...{ op: "map", addr: "0x10", range: "0x4", obj: 2, off: "0x0", ret: 0, n: 1 },
          steps: [{ t: "map", va: ["0x10", "0x4", 2, "0x0"] }],
        },
        { op: "unmap", addr: "0x10", range: "0x4", ret: 0, steps: [], n: 1 },
      ),
      { onFailure: (f) => seen.push(f) },
    );
    expect(seen).toEqual(result.failures);
    expect(result).toEqual({
      file: "<input>",
      vectors: 3,
      failed: 1,
      skipped: 0,
      failures: [
        {
          line: 3,
          request: { op: "unmap", addr: "0x10", range: "0x4" },
          expected: { ret: 0, steps: [], n: 1 },
          actual: { ret: 0, steps: [{ t: "unmap", va: ["0x10", "0x4", 2, "0x0"], keep: false }], n: 0 },
          vmBefore: ["1 mappings, 3 references:", '  ["0x10","0x4",2,"0x0"]'],
        },
      ],
    });
  });

  it("is counted, but no more of them are kept than asked", async () => {
    const wrong = { op: "empty", addr: "0x0", range: "0x1", res: false };
    const { failed, failures } = await replayFile(bytes(INIT, wrong, wrong, wrong), { keep: 1 });
    expect([failed, failures.length]).toEqual([3, 1]);
  });

  it("may be an exception, or a thing that is not there", async () => {
    const reset = { op: "reset", state: { vms: [], objs: [], bos: [] } };
    const { failures } = await replayFile(bytes(reset, { op: "bo_get", bo: 4, state: {} }));
    expect(failures[0]?.actual).toEqual({ threw: "link 4 is not there" });
  });

  it("is what is left over at the end of a scenario, with checks on", async () => {
    const lines = linesOf("vmbo-refs");
    const end = lines.findIndex((text, i) => i > 1 && text.startsWith('{"op":"reset"'));
    const last = lines.slice(1, end - 1);
    expect((await replayFile(bytes(...last))).failed).toBe(0);
    const { failures } = await replayFile(bytes(...last), { checks: true });
    expect(failures[0]?.request).toEqual({ op: "end of scenario" });
  });
});

describe("input that can't be read is an error with file and line", () => {
  const bad = (input: Uint8Array) => replayFile(input, { file: "f.jsonl" });
  const request = { op: "map", addr: "0x0", range: "0x1", obj: 1, off: "0x0" };

  it.each([
    ["not JSON", [INIT, "{"], /^f\.jsonl:2: not JSON/],
    ["an array", ["[1]"], /^f\.jsonl:1: not an object/],
    ["no op", ["{}"], /^f\.jsonl:1: op is missing/],
    ["an empty line", [INIT, "", INIT], /^f\.jsonl:2: not JSON/],
    ["an unknown op", [INIT, { op: "mmap" }], /^f\.jsonl:2: there is no op "mmap"/],
    ["a member of Object", [INIT, { op: "toString" }], /^f\.jsonl:2: there is no op "toString"/],
    ["a question before init", [{ op: "dump" }], /^f\.jsonl:1: dump without init/],
    ["a link before reset", [INIT, { op: "bo_get", bo: 1 }], /^f\.jsonl:2: bo_get without reset/],
    ["a missing number", [INIT, { ...request, addr: undefined }], /^f\.jsonl:2: addr is missing/],
    ["leading zeros", [INIT, { ...request, addr: "0x01" }], /^f\.jsonl:2: addr is "0x01"/],
    ["upper case", [INIT, { ...request, addr: "0xA" }], /^f\.jsonl:2: addr is "0xA"/],
    ["65 bits", [INIT, { ...request, addr: "0x10000000000000000" }], /^f\.jsonl:2: addr is/],
    ["a number as u64", [INIT, { ...request, addr: 1 }], /^f\.jsonl:2: addr is 1/],
    ["object -1", [INIT, { ...request, obj: -1 }], /^f\.jsonl:2: obj is -1/],
    ["half an object", [INIT, { ...request, obj: 0.5 }], /^f\.jsonl:2: obj is 0.5/],
    ["dry 1", [INIT, { ...request, dry: 1 }], /^f\.jsonl:2: dry is 1/],
    ["nothing but notes", [{ op: "note", text: "" }], /^f\.jsonl: there are no vectors/],
    ["nothing", [], /^f\.jsonl: there are no vectors/],
  ])("%s", async (_, lines, message) => {
    await expect(bad(bytes(...lines))).rejects.toThrow(message);
    await expect(bad(bytes(...lines))).rejects.toThrow(VectorError);
  });

  it("a gzip file that ends early or is damaged", async () => {
    const whole = gzipSync(bytes(...linesOf("edge")));
    await expect(bad(whole.subarray(0, whole.length - 20))).rejects.toThrow(/^f\.jsonl:?\d*: damaged gzip/);
    const damaged = Uint8Array.from(whole);
    damaged.fill(0xff, 5000, 5100);
    await expect(bad(damaged)).rejects.toThrow(/^f\.jsonl:?\d*: damaged gzip/);
  });

  it("bytes that are not UTF-8", async () => {
    await expect(bad(Uint8Array.of(0x7b, 0xff, 0x0a))).rejects.toThrow("f.jsonl: not UTF-8");
  });

  it("a file that is not there, and a folder", async () => {
    await expect(replayFile("/no/such/file")).rejects.toThrow("/no/such/file: there is no such file");
    await expect(replayFile(import.meta.dirname)).rejects.toThrow("this is a folder");
  });
});

describe("input may come", () => {
  const lines = linesOf("doc-cases");

  it.each([
    ["plain", bytes(...lines)],
    ["compressed", gzipSync(bytes(...lines))],
    ["without a newline at the end", new TextEncoder().encode(lines.join("\n"))],
    ["without its meta line", bytes(...lines.slice(1))],
    ["compressed in pieces", Buffer.concat(lines.map((line) => gzipSync(bytes(line))))],
  ])("%s", async (_, input) => {
    expect(await replayFile(input)).toMatchObject({ vectors: VECTORS["doc-cases"], failed: 0 });
  });
});
