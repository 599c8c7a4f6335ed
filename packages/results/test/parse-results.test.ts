import { readFileSync, writeFileSync } from "node:fs";
import { UsageError } from "@gpuvm/drm-model";
import { toJsonSchema } from "@valibot/to-json-schema";
import { describe, expect, it } from "vitest";
import { parseResults } from "../src/parse-results.ts";
import { resultsText } from "../src/results-text.ts";
import { resultsSchema } from "../src/schema/results-schema.ts";
import { resultsFile, runOf } from "./results-fixture.ts";

/** A result file that has every field there is. */
const FULL = {
  ...resultsFile(
    runOf({
      first_hazards: [{ kind: "k", object: "o", detail: "d", at_ns: 1.5 }],
      vms: [
        {
          file: "f0",
          vm: "vm1",
          purpose: "program",
          coreSteps: { map: 1, unmap: 1, remap: 0 },
          remapPieces: { prev: 0, next: 0 },
          keep: 0,
          peakMappings: 1,
          finalMappings: 0,
          teardownSteps: { map: 0, unmap: 1, remap: 0 },
          mapped_bytes_peak: 4096,
          table_pages_peak: 3,
        },
      ],
      timing: { samples_ms: [1.5], replay_ms: 1.5, ci95_ms: [1, 2], events_per_second: 1, warnings: ["w"] },
      portrait: {
        series: {
          t_ms: [0.5],
          retained_bytes: [0],
          mappings: [1],
          mapped_bytes: [4096],
          maps: [1],
          unmaps: [0],
        },
        submit_locks: [[1, 2, 3]],
        address_space: {
          vm: "f0/vm1",
          at_ms: 0.5,
          mappings: 1,
          mapped_bytes: 4096,
          cell_bytes: 4096,
          zones: [{ start: "0x1000", fill: "8", begins: "1" }],
          holes: { n: 0, bytes: 0, largest_bytes: 0 },
          lengths: [[12, 1]],
        },
        left: [{ object: "bo1", bytes: 4096, chain: ["vm1"] }],
      },
    }),
  ),
  options: {
    audit: false,
    lockdep: false,
    repeat: 1,
    samples: 1,
    contiguity: "whole" as const,
    vram: 1,
    memory: 1,
    seed: 1,
    shard: "1/2",
    filter: "x",
  },
  versions: { node: "24" },
  partial: true as const,
  incomplete: ["events lost"],
  refusals: [{ trace: "t", subject: "s", why: "w" }],
};

type Path = readonly (string | number)[];

const pathText = (path: Path) =>
  path.map((key, i) => (typeof key === "number" ? `[${key}]` : `${i === 0 ? "" : "."}${key}`)).join("");

/** Every value inside a value, with the way to it. */
function* inside(value: unknown, path: Path = []): Generator<readonly [Path, unknown]> {
  if (path.length > 0) yield [path, value];
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value))
    yield* inside(inner, [...path, Array.isArray(value) ? Number(key) : key]);
}

/** The text with something else at one place; no text: without it. */
function changed(path: Path, json: string | undefined): string {
  const copy = JSON.parse(JSON.stringify(FULL)) as Record<string | number, unknown>;
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key] as typeof at;
  const last = path.at(-1) as string | number;
  if (json === undefined) delete at[last];
  else at[last] = "@here";
  const text = JSON.stringify(copy);
  return json === undefined ? text : text.replace('"@here"', () => json);
}

/** What cannot stand where such a value stands. */
function wrongFor(value: unknown): string[] {
  const other = ["null", "true", "false", '"x"', "1", "-1", "1e999", "[]", "{}", "[[]]", '{"a":1}'];
  if (typeof value === "string") return other.filter((json) => json !== '"x"');
  if (typeof value === "number") return other.filter((json) => json !== "1");
  if (typeof value === "boolean") return other.filter((json) => !["true", "false"].includes(json));
  if (Array.isArray(value)) return other.filter((json) => json !== "[]");
  return other;
}

const MAY_BE_NULL = ["runs[0].timing.ci95_ms", "runs[0].portrait.address_space"];
const MAY_BE_ABSENT =
  /^(partial|incomplete|refusals|versions|versions\.\w+|runs\[0\]\.portrait|options\.(?!audit|lockdep|repeat|samples).*)$/;
const NUMBER_OR_WHOLE = "options.contiguity";

describe("parseResults", () => {
  it("reads what resultsText writes, with every field", () => {
    expect(parseResults(resultsText(FULL), "f.json")).toEqual(FULL);
  });

  it("names the field of every wrong value", () => {
    const accepted: string[] = [];
    const unnamed: string[] = [];
    let tried = 0;
    const mustFail = (path: Path, json: string | undefined) => {
      const where = pathText(path);
      tried++;
      try {
        parseResults(changed(path, json), "f.json");
        accepted.push(`${where} = ${json}`);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        if (!(error as Error).message.startsWith(`f.json: ${where}`))
          unnamed.push(`${where} = ${json}: ${(error as Error).message}`);
      }
    };
    for (const [path, value] of inside(FULL)) {
      const where = pathText(path);
      for (const json of wrongFor(value)) {
        if (json === "null" && MAY_BE_NULL.includes(where)) continue;
        if (json === "1" && where === NUMBER_OR_WHOLE) continue;
        // Names are free: any key of them will do.
        if (where === "versions" && json === "{}") continue;
        mustFail(path, json);
      }
      if (typeof path.at(-1) === "string" && !MAY_BE_ABSENT.test(where)) mustFail(path, undefined);
      if (typeof value === "object" && value !== null && !Array.isArray(value) && where !== "versions")
        mustFail([...path, "unheard_of"], "1");
    }
    expect([accepted, unnamed]).toEqual([[], []]);
    expect(tried).toBeGreaterThan(1162);
  });

  it.each([
    ["", "f.json: is empty; write one with"],
    ["hello", "is not JSON"],
    ["[".repeat(100_000), "is not JSON"],
    ["null", "the whole is not an object"],
    ["[]", "the whole is not an object (it is [])"],
    ["{}", "format is missing"],
    [changed(["runs", 0, "hazards"], "1e999"), "hazards is not a whole number (it is Infinity)"],
    [
      changed(["runs", 0, "portrait", "series", "maps"], "[1,2]"),
      "series has columns that are not of one length",
    ],
    [changed(["runs", 0, "timing", "samples_ms"], "[]"), "samples_ms has no sample"],
    [
      changed(["runs", 0, "portrait", "address_space", "zones", 0, "fill"], '"99"'),
      "fill has something other",
    ],
  ])("says what is wrong with %.20s", (text, words) => {
    expect(() => parseResults(text, "f.json")).toThrow(words);
  });
});

describe("results.schema.json", () => {
  it("is what the reader checks; GPUVM_WRITE_SCHEMA=1 writes it anew", () => {
    const path = new URL("../results.schema.json", import.meta.url);
    const schema = {
      title: "A result file of gpuvm-bench, version 1",
      ...toJsonSchema(resultsSchema, {
        target: "draft-2020-12",
        typeMode: "output",
        ignoreActions: ["check"],
      }),
    };
    if (process.env["GPUVM_WRITE_SCHEMA"]) writeFileSync(path, `${JSON.stringify(schema, null, 2)}\n`);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(schema);
  });
});
